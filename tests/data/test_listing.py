import errno
import os
import random
import tracemalloc
from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rsi.data.listing import Listing
from rsi.errors import InputError
from rsi.storage.folding import folded
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


def list_images(folder: Path, leave_out: Collection[Path] = ()) -> list[str]:
    listing = Listing(folder, leave_out)
    listing.check()
    return list(listing)


NAMES = ["a.png", "a/b.png", "a/c/d.jpg", "a-b/e.png", "a.b/f.webp", "b.JPG", "z/y.png", "é.png"]


def test_images_are_listed_by_suffix_in_order(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "b.png",
        "a.JPG",
        "c.jpeg",
        "d.webp",
        "e.tif",
        "f.TIFF",
        "g.bmp",
        "notes.txt",
        "h.gif",
        "png",
    )
    assert list_images(tmp_path) == ["a.JPG", "b.png", "c.jpeg", "d.webp", "e.tif", "f.TIFF", "g.bmp"]


def test_subfolders_are_listed_too(tmp_path: Path) -> None:
    touch(tmp_path, "b.png", "sub/deep/a.png", "sub/c.png", "folder.png/d.png")
    assert list_images(tmp_path) == ["b.png", "folder.png/d.png", "sub/c.png", "sub/deep/a.png"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "._a.png", ".thumbnails/a.png", "sub/.b.png")
    assert list_images(tmp_path) == ["a.png"]


def test_results_of_an_earlier_run_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a.png", "restored/a.png", "restored/settings.json", "restored/records/a.png.json")
    touch(tmp_path, "restored/comparisons/a.png", "records/b.png")
    touch(tmp_path, "broken off/a.png", "broken off/settings.json", "broken off/latents/a.safetensors")
    assert list_images(tmp_path) == ["a.png", "records/b.png"]


def test_folders_can_be_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "a.png", "masks/a.png", "sub/masks/b.png")
    monkeypatch.chdir(tmp_path)
    assert list_images(tmp_path, leave_out=[Path("masks")]) == ["a.png", "sub/masks/b.png"]


def test_odd_names_are_listed(tmp_path: Path) -> None:
    names = ["a b.png", "émoji 🙂.png", "new\nline.png", "two.dots.png"]
    touch(tmp_path, *names)
    assert list_images(tmp_path) == sorted(names)


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list_images(tmp_path) == ["a.png"]


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the target folder '.*nowhere' does not exist"):
        list_images(tmp_path / "nowhere")


def test_file_in_place_of_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    with pytest.raises(InputError, match=r"the target folder '.*a.png' is a file, give the folder that holds it"):
        list_images(tmp_path / "a.png")


def test_folder_without_images(tmp_path: Path) -> None:
    touch(tmp_path, "a.gif", ".b.png", "notes.txt")
    with pytest.raises(InputError, match=r"no picture in '.*': PNG, JPEG, WebP, .* and HEIC files are read"):
        list_images(tmp_path)


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


@pytest.mark.parametrize("window", [1, 2, 100])
def test_folders_that_a_file_system_may_take_for_one_have_results_apart(tmp_path: Path, window: int) -> None:
    touch(tmp_path, "Sub/a.png", "sub/a.png", "sub/É/b.png", "sub/é/b.png", "other/c.png")
    images = {image.name: image.output for image in Listing(tmp_path, window=window).listed()}
    assert len({folded(output) for output in images.values()}) == len(images) == 5
    assert images["Sub/a.png"].startswith("Sub~")
    assert images["other/c.png"] == "other/c"


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


def jpeg(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path, "JPEG")


ODD_NAMES = [
    "a.jfif",
    "b.jpe",
    "c.pjpeg",
    "d.jpg_large",
    "e.jpg~",
    "f.JPG?w=200",
    "g",
    "h.gif",
    "i.unheard-of",
    "j.avif",
]


@pytest.mark.parametrize("window", [1, 3, 100])
def test_pictures_are_known_by_their_content(tmp_path: Path, window: int, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ODD_NAMES:
        jpeg(tmp_path / name)
        (tmp_path / f"{name}.note").write_text("not a picture")
    listing = Listing(tmp_path, window=window)
    listing.check()
    assert list(listing) == sorted(ODD_NAMES)
    assert len(listing) == len(ODD_NAMES)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("window", [1, 3, 100])
def test_what_is_no_picture_takes_no_name(tmp_path: Path, window: int) -> None:
    touch(tmp_path, "a.png", "a.txt", "a.doc", "b.png")
    jpeg(tmp_path / "b.odd")
    jpeg(tmp_path / "c")
    outputs = {image.name: image.output for image in Listing(tmp_path, window=window).listed()}
    assert outputs == {"a.png": "a", "b.odd": "b.odd", "b.png": "b.png", "c": "c"}


def test_pictures_that_are_not_read_are_counted_and_named_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    touch(tmp_path, "a.png", "sub/b.gif", "c.CR2", "d.psd", "e.jxl", "notes.txt", "movie.mkv.part")
    (tmp_path / "f.bin").write_bytes(b"GIF89a")
    jpeg(tmp_path / "photo.jpg.crdownload")
    Image.new("RGB", (8, 8)).save(tmp_path / "g.nef", "TIFF")
    listing = Listing(tmp_path, window=2)
    listing.check()
    listing.check()
    assert (list(listing), len(listing)) == (["a.png"], 1)
    assert capsys.readouterr().err == (
        f"passed over in {tmp_path}, as pictures of these kinds are not read: "
        "c.CR2 (camera raw), d.psd (Photoshop), e.jxl (JPEG XL) and 4 more\n"
    )


def test_pictures_of_a_url_are_known_by_their_suffix(memory: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch(memory, "a.jfif", "b.HEIC", "c", "d.gif", "e.odd")
    listing = Listing(memory)
    listing.check()
    assert list(listing) == ["a.jfif", "b.HEIC"]
    assert "are not read: d.gif (GIF)\n" in capsys.readouterr().err


def test_files_of_known_suffixes_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, *(f"{number}.png" for number in range(20)), *(f"{number}.json" for number in range(20)), "odd")
    opened = []
    monkeypatch.setattr("rsi.data.formats._head", lambda path: opened.append(path.name))
    listing = Listing(tmp_path, window=3)
    listing.check()
    assert len(list(listing)) == 20
    assert opened == ["odd", "odd"]


def test_bad_entries_are_named_once_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touch(tmp_path, "a.png", "sub/b.png", "target.png")
    (tmp_path / "dead.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "target.png")
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / ".#lock").symlink_to("nobody@nowhere")
    os.mkfifo(tmp_path / "sub" / "pipe.png")
    listing = Listing(tmp_path, window=2)
    listing.check()
    assert list(listing) == ["a.png", "link.png", "sub/b.png", "target.png"]
    assert len(listing) == 4
    assert capsys.readouterr().err == (
        f"left out in {tmp_path}: dead.png (it leads nowhere), loop.png (Too many levels of symbolic links), "
        "sub/pipe.png (neither a file nor a folder)\n"
    )


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes a folder one that this user may not read, even where the user is root."""

    def make(folder: Path) -> None:
        scan, stat = os.scandir, os.stat

        def refuse(path: Any) -> None:
            if Path(path).is_relative_to(folder) if isinstance(path, str | os.PathLike) else False:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        def scandir(path: Any = ".") -> Any:
            refuse(path)
            return scan(path)

        def checked_stat(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
            if path != folder:
                refuse(path)
            return stat(path, *arguments, **options)

        monkeypatch.setattr(os, "scandir", scandir)
        monkeypatch.setattr(os, "stat", checked_stat)

    return make


def test_folder_of_another_user_is_named_and_the_rest_listed(
    tmp_path: Path, unreadable: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    touch(tmp_path, "a.png", "lost+found/b.png", "z/c.png")
    unreadable(tmp_path / "lost+found")
    listing = Listing(tmp_path)
    listing.check()
    assert list(listing) == ["a.png", "z/c.png"]
    assert capsys.readouterr().err == f"left out in {tmp_path}: lost+found/ (Permission denied)\n"


def test_folder_that_cannot_be_read_at_all(tmp_path: Path, unreadable: Callable[[Path], None]) -> None:
    touch(tmp_path, "imgs/a.png")
    unreadable(tmp_path / "imgs")
    with pytest.raises(InputError, match=r"the target folder '.*imgs' cannot be read: Permission denied"):
        Listing(tmp_path / "imgs").check()
