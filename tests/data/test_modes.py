import io
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms
from torch import Tensor

from rsi.data.reading import to_tensors

RNG = np.random.default_rng(0)
PIXELS = RNG.integers(0, 256, (6, 9, 3), dtype=np.uint8)
RGB = Image.fromarray(PIXELS)


def reloaded(image: Image.Image, kind: str, **options: object) -> Image.Image:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    loaded = Image.open(buffer)
    loaded.load()
    return loaded


def expected(pixels: np.ndarray[Any, Any]) -> Tensor:
    return torch.tensor(pixels).permute(2, 0, 1).float() / 255


def gray_of(image: Image.Image) -> Tensor:
    rgb, _ = to_tensors(image)
    assert rgb.shape == (3, *image.size[::-1])
    assert torch.equal(rgb[0], rgb[1])
    assert torch.equal(rgb[0], rgb[2])
    return rgb[0]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_rgb_is_exact(kind: str) -> None:
    rgb, alpha = to_tensors(reloaded(RGB, kind))
    assert torch.equal(rgb, expected(PIXELS))
    assert alpha is None
    assert rgb.is_contiguous()


def test_lossless_webp_is_exact() -> None:
    assert torch.equal(to_tensors(reloaded(RGB, "WEBP", lossless=True))[0], expected(PIXELS))


def test_bilevel_is_black_and_white() -> None:
    bits = RNG.random((5, 7)) > 0.5
    gray = gray_of(reloaded(Image.fromarray(bits), "PNG"))
    assert torch.equal(gray, torch.from_numpy(bits).float())


def test_gray_is_exact() -> None:
    gray = gray_of(reloaded(Image.fromarray(PIXELS[..., 0]), "PNG"))
    assert torch.equal(gray, expected(PIXELS)[0])


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_channel_is_apart_from_colour(mode: str) -> None:
    channels = RNG.integers(0, 256, (4, 5, len(mode)), dtype=np.uint8)
    rgb, alpha = to_tensors(reloaded(Image.fromarray(channels, mode), "PNG"))
    planes = expected(channels)
    assert torch.equal(rgb, planes[:-1].expand(3, -1, -1))
    assert alpha is not None
    assert torch.equal(alpha, planes[-1:])


def test_premultiplied_gray_is_divided_by_alpha() -> None:
    image = Image.fromarray(np.full((2, 2, 2), (100, 200), dtype=np.uint8), "LA").convert("La")
    rgb, alpha = to_tensors(image)
    assert alpha is not None
    assert rgb.mul(255).sub(100).abs().max() <= 1
    assert torch.equal(alpha, torch.full((1, 2, 2), 200 / 255))


def test_palette_gives_its_colours() -> None:
    image = RGB.quantize(8)
    rgb, alpha = to_tensors(reloaded(image, "PNG"))
    assert torch.equal(rgb, expected(np.asarray(image.convert("RGB"))))
    assert alpha is None


def test_palette_index_can_be_transparent() -> None:
    image = RGB.quantize(8)
    _, alpha = to_tensors(reloaded(image, "PNG", transparency=2))
    assert alpha is not None
    assert torch.equal(alpha[0], torch.from_numpy(np.asarray(image) != 2).float())


def test_palette_can_be_partly_transparent() -> None:
    image = RGB.quantize(4)
    opacity = np.array([0, 60, 200, 255])
    _, alpha = to_tensors(reloaded(image, "PNG", transparency=opacity.astype(np.uint8).tobytes()))
    assert alpha is not None
    assert torch.equal(alpha[0], torch.from_numpy(opacity[np.asarray(image)]).float() / 255)


def test_colour_key_is_transparent() -> None:
    _, alpha = to_tensors(reloaded(RGB, "PNG", transparency=tuple(PIXELS[1, 2].tolist())))
    assert alpha is not None
    assert alpha[0, 1, 2] == 0
    assert alpha.sum() == alpha.numel() - 1


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_other_colour_spaces_become_rgb(mode: str) -> None:
    rgb, alpha = to_tensors(RGB.convert(mode))
    assert (rgb - expected(PIXELS)).abs().max() <= 4 / 255
    assert alpha is None


def test_lab_becomes_rgb() -> None:
    skin = Image.new("RGB", (4, 4), (200, 150, 120))
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(skin, srgb, lab, outputMode="LAB")
    assert image is not None
    rgb, _ = to_tensors(reloaded(image, "TIFF"))
    assert (rgb - expected(np.asarray(skin))).abs().max() <= 3 / 255
