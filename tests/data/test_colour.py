import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from rsi.data.colour import is_gray
from rsi.data.decoded import Picture
from rsi.data.reading import read_picture

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
GRAYS = {"noise": NOISE, "smooth": NOISE.filter(ImageFilter.GaussianBlur(3)), "ramp": Image.linear_gradient("L")}


def reread(image: Image.Image, folder: Path, **options: Any) -> Picture:
    path = folder / "a"
    image.save(path, **options)
    return read_picture(path)


@pytest.mark.parametrize("quality", range(10, 100, 5))
@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("gray", GRAYS)
def test_gray_saved_as_colour_jpeg_is_gray(tmp_path: Path, gray: str, quality: int, subsampling: int) -> None:
    options = {"format": "JPEG", "quality": quality, "subsampling": subsampling}
    assert reread(GRAYS[gray].convert("RGB"), tmp_path, **options).is_gray


@pytest.mark.parametrize("gray", GRAYS)
def test_gray_saved_again_and_again_is_gray(tmp_path: Path, gray: str) -> None:
    image = GRAYS[gray].convert("RGB")
    for quality in (90, 50, 75, 30):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality)
        image = Image.open(buffer)
    assert reread(image, tmp_path, format="PNG").is_gray


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
@pytest.mark.parametrize("gray", GRAYS)
def test_gray_in_other_lossy_formats_is_gray(tmp_path: Path, gray: str, kind: str) -> None:
    assert reread(GRAYS[gray].convert("RGB"), tmp_path, format=kind, quality=50).is_gray


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16"])
def test_gray_modes_are_gray(tmp_path: Path, mode: str) -> None:
    assert reread(GRAYS["ramp"].convert(mode), tmp_path, format="PNG").is_gray


@pytest.mark.parametrize("quality", [30, 50, 75, 95])
@pytest.mark.parametrize(
    "colour", [(250, 244, 238), (236, 242, 250), (252, 245, 247), (240, 248, 240), (128, 120, 118)]
)
def test_pale_colours_are_colour(tmp_path: Path, colour: str, quality: int) -> None:
    assert not reread(Image.new("RGB", (64, 64), colour), tmp_path, format="PNG").is_gray
    assert not reread(Image.new("RGB", (64, 64), colour), tmp_path, format="JPEG", quality=quality).is_gray


@pytest.mark.parametrize(("difference", "expected"), [(0, True), (3, True), (4, False)])
def test_channels_may_lie_3_levels_apart(difference: int, expected: bool) -> None:
    rgb = torch.full((3, 4, 5), 100 / 255)
    rgb[1, 2, 3] += difference / 255
    assert is_gray(rgb) is expected


def test_one_coloured_spot_is_colour(tmp_path: Path) -> None:
    image = GRAYS["smooth"].convert("RGB")
    image.putpixel((5, 5), (255, 0, 0))
    assert not reread(image, tmp_path, format="PNG").is_gray


def test_colour_that_is_not_known_does_not_count() -> None:
    rgb = torch.full((3, 1, 2), 0.5)
    rgb[0, 0, 1] = 1
    hole = torch.tensor([[[1.0, 0.0]]])
    assert not is_gray(rgb)
    assert is_gray(rgb, hole)
    assert Picture(rgb, alpha=hole).is_gray
