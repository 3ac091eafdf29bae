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


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_16_bit_gray_keeps_its_precision(kind: str, mode: str) -> None:
    samples = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
    image = Image.frombytes(mode, (7, 5), samples.astype("<u2" if mode == "I;16" else ">u2").tobytes())
    gray = gray_of(reloaded(image, kind))
    assert torch.equal(gray, torch.from_numpy(samples.astype(np.float32)) / 65535)


def test_compressed_16_bit_tiff_keeps_its_precision() -> None:
    samples = RNG.integers(0, 65536, (5, 7), dtype=np.uint16)
    gray = gray_of(reloaded(Image.fromarray(samples), "TIFF", compression="tiff_lzw"))
    assert torch.equal(gray, torch.from_numpy(samples.astype(np.float32)) / 65535)


def test_16_bit_tiff_with_white_zero_is_inverted() -> None:
    samples = np.array([[0, 65535, 1000]], dtype=np.uint16)
    gray = gray_of(reloaded(Image.fromarray(samples), "TIFF", tiffinfo={262: 0}))
    assert gray.tolist() == [pytest.approx([1, 0, 64535 / 65535])]


def test_16_bit_colour_key_is_transparent() -> None:
    samples = np.array([[7, 1000, 65535]], dtype=np.uint16)
    _, alpha = to_tensors(reloaded(Image.fromarray(samples), "PNG", transparency=1000))
    assert alpha is not None
    assert alpha.tolist() == [[[1, 0, 1]]]


def test_12_bit_tiff_has_white_at_4095() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0xF0FF, 0x0000]], dtype=np.uint16)).save(buffer, "TIFF")  # bytes FF F0 00
    bits_per_sample = b"\x02\x01\x03\x00\x01\x00\x00\x00"  # tag 258, one SHORT
    data = buffer.getvalue().replace(bits_per_sample + b"\x10", bits_per_sample + b"\x0c")
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        assert gray_of(image).tolist() == [[1, 0]]


def test_32_bit_integers_are_read_as_16_bit() -> None:
    gray = gray_of(reloaded(Image.fromarray(np.array([[0, 65535, 1000]], dtype=np.int32)), "TIFF"))
    assert gray.tolist() == [pytest.approx([0, 1, 1000 / 65535])]


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_floats_find_their_white(white: int) -> None:
    samples = np.array([[0, 0.25, 1]], dtype=np.float32) * white
    assert gray_of(reloaded(Image.fromarray(samples), "TIFF")).tolist() == [[0, 0.25, 1]]


@pytest.mark.parametrize("sample", [-1, 70000, np.nan, np.inf])
def test_samples_out_of_range_are_refused(sample: float) -> None:
    with pytest.raises(ValueError, match=r"samples reach from"):
        to_tensors(Image.fromarray(np.array([[0, sample]], dtype=np.float32)))


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
