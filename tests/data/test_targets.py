import os
from collections.abc import Collection
from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.data.folder import read_target
from rsi.data.listing import Listing
from rsi.data.output_names import output_names
from rsi.data.target import WITHOUT_COLOUR
from rsi.errors import InputError
from rsi.numerics.randomness import image_seed
from rsi.numerics.size import Size


def list_images(folder: Path, leave_out: Collection[Path] = ()) -> list[str]:
    listing = Listing(folder, leave_out)
    listing.check()
    return list(listing)


def output_name(name: str, names: Collection[str]) -> str:
    return output_names([name], names)[0]


def save(path: Path, size: tuple[int, int] = (16, 16), color: str = "gray") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)
    return path


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


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


def test_target_holds_what_its_file_says(tmp_path: Path) -> None:
    save(tmp_path / "sub" / "a.jpg", (200, 150))
    target = read_target(tmp_path, "sub/a.jpg", resolution=Size.square(64), factor=1, seed=5)
    assert target.name == "sub/a.jpg"
    assert target.image.shape == (3, 64, 64)
    assert target.known.shape == (1, 64, 64)
    assert target.seed == image_seed("sub/a.jpg", 5)
    assert target.jpeg is not None
    assert target.frame == (0, 0, 64, 64)
    assert target.notes == ("cropped from 200x150 to the central 64x64", WITHOUT_COLOUR)
    assert target.gray


def test_notes_of_the_file_come_before_those_of_fitting(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8)).save(tmp_path / "a.jpg")
    notes = read_target(tmp_path, "a.jpg", resolution=Size.square(16), factor=1, seed=0).notes
    assert [note.split()[0] for note in notes] == ["its", "padded", "it"]


def test_factor_sets_the_side(tmp_path: Path) -> None:
    save(tmp_path / "a.png")
    assert read_target(tmp_path, "a.png", resolution=Size.square(64), factor=8, seed=0).image.shape == (3, 8, 8)
    assert read_target(tmp_path, "a.png", resolution=Size.square(64), factor=None, seed=0).image.shape == (3, 16, 16)


def test_mask_of_the_same_name_is_applied(tmp_path: Path) -> None:
    save(tmp_path / "in" / "a.jpg", (16, 16), "white")
    mask = Image.new("L", (16, 16), "white")
    mask.paste(0, (0, 0, 16, 4))
    (tmp_path / "masks").mkdir()
    mask.save(tmp_path / "masks" / "a.png")
    target = read_target(
        tmp_path / "in", "a.jpg", resolution=Size.square(16), factor=1, seed=0, mask_dir=str(tmp_path / "masks")
    )
    assert target.known[0].mean(dim=1).tolist() == [0] * 4 + [1] * 12
    assert torch.equal(target.image, target.known.expand(3, -1, -1))


def test_mask_colour_is_applied(tmp_path: Path) -> None:
    image = Image.new("RGB", (4, 4), "white")
    image.paste("magenta", (1, 1, 2, 3))
    image.save(tmp_path / "a.png")
    target = read_target(tmp_path, "a.png", resolution=Size.square(4), factor=1, seed=0, mask_color="magenta")
    assert target.known.sum() == 14


def test_missing_mask_fails_the_target(tmp_path: Path) -> None:
    save(tmp_path / "a.jpg")
    (tmp_path / "masks").mkdir()
    with pytest.raises(InputError, match=r"'a.jpg' has no mask: put it at '.*masks.a.png'"):
        read_target(tmp_path, "a.jpg", resolution=Size.square(16), factor=1, seed=0, mask_dir=str(tmp_path / "masks"))


@pytest.mark.skipif(os.name != "posix", reason="such names are possible on POSIX only")
def test_name_that_is_not_unicode(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    save(tmp_path / name)
    with pytest.raises(InputError, match=r"the file name 'caf\\udce9.png' is not valid Unicode: rename the file"):
        read_target(tmp_path, list_images(tmp_path)[0], resolution=Size.square(16), factor=1, seed=0)


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
