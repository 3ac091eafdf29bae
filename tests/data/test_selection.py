"""What a user may name as images."""

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from rsi import InputError, TargetFolder
from rsi.numerics.size import Size
from rsi.storage.location import locate


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.png", "b.jpg", "sub/a.png", "sub/deep/c.png", "other/d.png", ".hidden.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "moving.gif").write_bytes(b"GIF89a")
    monkeypatch.chdir(tmp_path)


def listed(named: str | Sequence[str]) -> dict[str, str]:
    """The images and what their results are called."""
    names = TargetFolder(named).names
    names.check()
    assert len(names) == len(list(names))
    return {image.name: image.output for image in names.listed()}


@pytest.mark.parametrize(
    ("named", "folder", "images"),
    [
        ("sub", "sub", ["a.png", "deep/c.png"]),
        ("sub/", "sub", ["a.png", "deep/c.png"]),
        ("a.png", ".", ["a.png"]),
        ("./a.png", ".", ["a.png"]),
        ("sub/deep/c.png", "sub/deep", ["c.png"]),
        (".hidden.png", ".", [".hidden.png"]),
        ("*.png", ".", ["a.png"]),
        ("sub/*", "sub", ["a.png", "deep/c.png"]),
        ("**/*.png", ".", ["a.png", "other/d.png", "sub/a.png", "sub/deep/c.png"]),
        ("[ab].*", ".", ["a.png", "b.jpg"]),
        (["a.png", "b.jpg"], ".", ["a.png", "b.jpg"]),
        (["a.png", "a.png"], ".", ["a.png"]),
        (["sub/a.png", "other"], ".", ["other/d.png", "sub/a.png"]),
        (["sub/deep/c.png", "sub/a.png"], "sub", ["a.png", "deep/c.png"]),
        (["sub", "sub/a.png"], "sub", ["a.png", "deep/c.png"]),
        (["sub/a.png", "./sub/../other/d.png"], ".", ["other/d.png", "sub/a.png"]),
    ],
)
def test_files_folders_and_patterns(named: str | list[str], folder: str, images: list[str]) -> None:
    assert list(listed(named)) == images
    assert TargetFolder(named).target_dir == Path(folder)


def test_absolute_and_outer_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(listed(str(tmp_path / "sub/a.png"))) == ["a.png"]
    monkeypatch.chdir(tmp_path / "sub")
    assert list(listed(["a.png", "../other/d.png"])) == ["other/d.png", "sub/a.png"]
    assert TargetFolder(["a.png", "../other/d.png"]).target_dir == tmp_path


def test_results_are_named_by_what_is_chosen_alone() -> None:
    Image.new("RGB", (8, 8)).save("a.jpg")
    assert listed("a.jpg") == {"a.jpg": "a"}
    assert listed(["a.jpg", "a.png"]) == {"a.jpg": "a.jpg", "a.png": "a.png"}


def test_file_is_found_without_a_look_at_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("the folder is read"))
    assert list(listed("a.png")) == ["a.png"]


def test_name_that_looks_like_a_pattern_is_a_file_if_there_is_one() -> None:
    Image.new("RGB", (8, 8)).save("x[1].png")
    Image.new("RGB", (8, 8)).save("x1.png")
    assert list(listed("x[1].png")) == ["x[1].png"]


def test_pictures_in_a_zip_file(tmp_path: Path) -> None:
    with zipfile.ZipFile("faces.zip", "w") as archive:
        for name in ("a.png", "sub/a.png", "notes.txt"):
            archive.write(name)
    assert listed("faces.zip") == {"a.png": "a", "sub/a.png": "sub/a"}
    image = next(TargetFolder("faces.zip").names.listed())
    assert TargetFolder("faces.zip").reader.read(image, resolution=Size.square(8), factor=1).image.shape == (3, 8, 8)


def test_picture_by_url() -> None:
    folder = locate("memory://selection")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("a.png", "b.jpg"):
        (folder / name).write_bytes(Path(name).read_bytes())
    assert list(listed("memory://selection/a.png")) == ["a.png"]
    assert list(listed("memory://selection")) == ["a.png", "b.jpg"]


def test_what_is_no_picture_among_others_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(listed("*")) == ["a.png", "b.jpg", "other/d.png", "sub/a.png", "sub/deep/c.png"]
    assert "passed over: moving.gif (GIF), notes.txt (no picture)\n" in capsys.readouterr().err


def test_named_entries_that_are_no_files_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe.png")
    Path("link.png").symlink_to("gone.png")
    assert list(listed(["a.png", "pipe.png", "link.png"])) == ["a.png"]
    assert "passed over: link.png (it leads nowhere), pipe.png (neither a file nor a folder)" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"nothing to restore but pipe.png \(neither a file nor a folder\)"):
        listed("pipe.png")


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("", "there is nothing to restore: give images or a folder of them"),
        ("gone", "the target folder 'gone' does not exist"),
        ("gone.png", "^gone.png does not exist"),
        (["a.png", "gone.png"], "gone.png does not exist"),
        ("*.webp", r"\*.webp fits no file"),
        ("notes.txt", r"there is nothing to restore but notes.txt \(no picture\): PNG, JPEG.* files are read"),
        ("moving.gif", r"there is nothing to restore but moving.gif \(GIF\)"),
        (["a.png", "memory://x"], "memory://x cannot go with other images: give a URL or a zip file alone"),
        (["a.png", "faces.zip"], "faces.zip cannot go with other images"),
    ],
)
def test_what_cannot_be_restored(named: str | list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        listed(named)


def test_damaged_zip_file() -> None:
    Path("bad.zip").write_text("no archive")
    with pytest.raises(InputError, match=r"bad.zip cannot be opened: File is not a zip file"):
        TargetFolder("bad.zip")
