from collections.abc import Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsi.data.output_names import output_names
from rsi.storage.folding import folded


def output_name(name: str, names: Collection[str]) -> str:
    return output_names([name], names)[0]


@pytest.mark.parametrize(
    ("name", "others", "expected"),
    [
        ("a.png", ["b.png"], "a"),
        ("sub/a.png", ["a.png", "other/a.png"], "sub/a"),
        ("a.png", ["a.jpg"], "a.png"),
        ("a.png", ["A.jpg"], "a.png"),
        ("two.dots.png", ["two.png"], "two.dots"),
        ("a.jpg.png", ["a.jpg"], "a.jpg.png"),
        ("a.jpg", ["a.jpg.png"], "a"),
    ],
)
def test_output_name(name: str, others: list[str], expected: str) -> None:
    assert output_name(name, [*others, name]) == expected


def test_output_names_are_unique() -> None:
    stems = ["a", "a.png", "a.jpg", "b", "a.png.jpg", "sub/a"]
    names = [stem + suffix for stem in stems for suffix in (".png", ".jpg", ".JPG", ".webp")]
    assert len({output_name(name, names) for name in names}) == len(names)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "A", "a.png", "b", "b.jpg", "ss", "ß", "i", "\u0131", "İ", "é", "e\u0301"]).flatmap(
            lambda s: st.sampled_from([s, s + ".png", s + ".jpg"])
        ),
        unique=True,
    )
)
def test_no_two_results_have_one_name(names: list[str]) -> None:
    outputs = output_names(names, names)
    assert len({folded(output) for output in outputs}) == len(names)


@pytest.mark.parametrize(
    "twins",
    [
        ("IMG_1.jpg", "img_1.jpg"),
        ("a.png", "a.PNG"),
        ("straße.png", "STRASSE.png"),
        ("I.png", "\u0131.png"),
        ("i.png", "İ.png"),
        ("caf\u00e9.png", "cafe\u0301.png"),
        ("\u212a.png", "k.png"),
        ("\u03c3.png", "\u03c2.png"),
        ("ﬁ.png", "fi.png"),
    ],
)
def test_names_that_a_file_system_may_take_for_one_give_results_apart(twins: tuple[str, str]) -> None:
    outputs = output_names(twins, [*twins, "other.png"])
    assert len(set(map(folded, outputs))) == 2
    assert [output.rpartition("~")[0] for output in outputs] == [*twins]


def test_a_name_without_twins_is_its_stem() -> None:
    assert output_names(["IMG_1.jpg", "é.png"], ["IMG_1.jpg", "é.png", "img_2.jpg"]) == ["IMG_1", "é"]
