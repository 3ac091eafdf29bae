import os
from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.data.target import WITHOUT_COLOUR
from rsi.data.target_reader import read_target
from rsi.errors import InputError
from rsi.numerics.randomness import image_seed
from rsi.numerics.size import Size


def save(path: Path, size: tuple[int, int] = (16, 16), color: str = "gray") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)
    return path


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
        read_target(tmp_path, name, resolution=Size.square(16), factor=1, seed=0)
