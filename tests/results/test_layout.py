from pathlib import Path

import pytest

from rsi.data.listing import Listed, Listing
from rsi.errors import InputError
from rsi.results.layout import check_name


def check_output(image: Listed) -> None:
    check_name(image.file, image.output, hides_folder=image.hides_folder)


def listed(name: str) -> Listed:
    return Listed(name, name.rpartition(".")[0])


@pytest.mark.parametrize("folder", ["comparisons", "latents", "logs", "Records"])
def test_folders_of_the_run_itself_are_taken(folder: str) -> None:
    with pytest.raises(InputError, match=rf"has a folder '{folder}' of its own: rename that of '{folder}/a.png'"):
        check_output(listed(f"{folder}/a.png"))
    check_output(listed(f"{folder}.png"))
    check_output(listed(f"sub/{folder}/a.png"))


def test_name_that_leaves_no_room_for_a_suffix() -> None:
    check_output(listed("a" * 239 + ".png"))
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output(listed("a" * 240 + ".png"))
    with pytest.raises(InputError, match=r"is longer than 243 bytes: shorten it"):
        check_output(listed("é" * 125 + "/b.png"))


def test_result_in_place_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "A.png").mkdir()
    for name in ("a.jpg", "A.png/b.jpg"):
        (tmp_path / name).touch()
    hidden, other = sorted(Listing(tmp_path).listed(), key=lambda image: len(image.name))
    check_output(other)
    with pytest.raises(InputError, match=r"the result of 'a.jpg' would take the place of a folder"):
        check_output(hidden)
