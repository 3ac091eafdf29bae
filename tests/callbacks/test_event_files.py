from itertools import combinations

import pytest

from rsi.callbacks.event_files import image_tag

NAMES = (
    "sub/b.jpg",
    "sub:b.jpg",
    "sub/:b.jpg",
    "sub:/b.jpg",
    "sub\\:b.jpg",
    "sub\\/b.jpg",
    "a\x1b.jpg",
    "a\\x1b.jpg",
    "a\\\x1b.jpg",
    "a\n.jpg",
    "a\\n.jpg",
    "a\u2028.jpg",
    "a\\u2028.jpg",
    "a\udce9.jpg",
    "a\\udce9.jpg",
    "é.jpg",
    "e\u0301.jpg",
)


@pytest.mark.parametrize("pair", combinations(NAMES, 2), ids=str)
def test_no_two_images_share_a_tag(pair: tuple[str, str]) -> None:
    first, second = (image_tag(name, "steps") for name in pair)
    assert first != second


@pytest.mark.parametrize("name", NAMES)
def test_a_tag_can_be_shown_and_has_one_slash(name: str) -> None:
    tag = image_tag(name, "steps")
    assert tag.isprintable()
    assert tag.count("/") == 1


def test_folders_are_told_by_colons() -> None:
    assert image_tag("sub/b.jpg", "steps") == "image sub:b.jpg/steps"
