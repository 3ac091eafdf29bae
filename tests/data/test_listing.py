import os
import random
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsi.data.listing import Listing, folded, output_names
from rsi.errors import InputError
from rsi.storage.location import file_system, locate


@pytest.fixture
def memory(request: pytest.FixtureRequest) -> Iterator[Path]:
    """An empty folder of fsspec's file system in memory."""
    folder = locate(f"memory://{request.node.name}")
    folder.mkdir(parents=True)
    yield folder
    system, path = file_system(folder)
    system.rm(path, recursive=True)


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


NAMES = ["a.png", "a/b.png", "a/c/d.jpg", "a-b/e.png", "a.b/f.webp", "b.JPG", "z/y.png", "é.png"]


@pytest.mark.parametrize("window", [1, 2, 3, 100])
def test_order_is_that_of_the_names_whatever_is_in_memory(tmp_path: Path, window: int) -> None:
    touch(tmp_path, *NAMES, "a/notes.txt")
    listing = Listing(tmp_path, window=window)
    assert list(listing) == sorted(NAMES)
    assert len(listing) == len(NAMES)
    assert listing.first(2) == sorted(NAMES)[:2]


@pytest.mark.parametrize("window", [1, 2, 100])
def test_results_are_named_by_all_that_is_in_the_folder(tmp_path: Path, window: int) -> None:
    touch(tmp_path, "a.jpg", "b.png", "b.webp", "c.png/d.jpg", "c.tif", "A.png", "e.jpg.png", "e.jpg")
    images = {image.name: image for image in Listing(tmp_path, window=window).listed()}
    assert {name: image.output for name, image in images.items()} == {
        "A.png": "A.png",
        "a.jpg": "a.jpg",
        "b.png": "b.png",
        "b.webp": "b.webp",
        "c.png/d.jpg": "c.png/d",
        "c.tif": "c",
        "e.jpg": "e",
        "e.jpg.png": "e.jpg.png",
    }
    assert [name for name, image in images.items() if image.hides_folder] == ["c.tif"]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["a", "A", "a.png", "b", "b.jpg", "ss", "ß", "i", "\u0131", "İ", "é", "e\u0301"]).flatmap(
            lambda s: st.sampled_from([s + ".png", s + ".jpg"])
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
    assert all(output.startswith(f"{name}~") for output, name in zip(outputs, twins, strict=True))


def test_a_name_without_twins_is_its_stem() -> None:
    assert output_names(["IMG_1.jpg", "é.png"], ["IMG_1.jpg", "é.png", "img_2.jpg"]) == ["IMG_1", "é"]


def test_memory_does_not_grow_with_the_folder(tmp_path: Path) -> None:
    for number in range(20_000):
        os.close(os.open(tmp_path / f"{number * 7919 % 20_000:05}.jpg", os.O_CREAT))
    tracemalloc.start()
    listing = Listing(tmp_path, window=500)
    assert len(listing) == 20_000
    assert listing.first(1000)[-1] == "00999.jpg"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_folder_of_a_url(memory: Path) -> None:
    touch(memory, *NAMES, "out/settings.json", "out/records/a.json", "out/a.png", ".hidden/a.png")
    listing = Listing(memory, leave_out=[memory / "z"], window=3)
    listing.check()
    assert list(listing) == sorted(set(NAMES) - {"z/y.png"})


def test_url_without_images(memory: Path) -> None:
    with pytest.raises(InputError, match=r"no picture in 'memory://"):
        Listing(memory).check()
    with pytest.raises(InputError, match=r"the target folder 'memory://.*nowhere' does not exist"):
        Listing(memory / "nowhere").check()


def test_chosen_names_alone(tmp_path: Path) -> None:
    touch(tmp_path, *NAMES)
    listing = Listing(tmp_path, chosen={"a.png", "z/y.png", "gone.png"})
    assert list(listing) == ["a.png", "z/y.png"]
    assert len(listing) == 2


def test_folder_that_vanishes_while_it_is_read(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "b/c.png", "d.png")
    images = Listing(tmp_path, window=1).listed()
    assert next(images).name == "a.png"
    (tmp_path / "b" / "c.png").unlink()
    (tmp_path / "b").rmdir()
    assert [image.name for image in images] == ["d.png"]


def test_shares_of_processes_are_disjoint_and_stay_the_same(tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(50)]
    random.Random(0).shuffle(names)
    touch(tmp_path, *names)
    shares = [
        [image.name for image in islice(Listing(tmp_path, window=7).listed(), rank, None, 4)] for rank in range(4)
    ]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
