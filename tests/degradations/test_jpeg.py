import io
import math
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor

from rsi.data.pictures import to_picture
from rsi.data.target import JpegHeader, Target
from rsi.degradations import JPEG, quantise, standard_tables
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

Photographs = Callable[[int], Tensor]

NOTHING = ImageRandom([])
SAMPLINGS = {"4:4:4": (1, 1), "4:2:2": (2, 1), "4:2:0": (2, 2)}


def psnr(x: Tensor, y: Tensor) -> float:
    return 10 * math.log10(1 / (x - y).square().mean().item())


def target(header: JpegHeader | None, name: str = "photo.jpg") -> Target:
    return Target(name, torch.zeros(3, 8, 8), torch.ones(1, 8, 8), seed=0, frame=(0, 0, 8, 8), jpeg=header)


def bound(*headers: JpegHeader) -> JPEG:
    return JPEG().bind([target(header) for header in headers], resolution=Size.square(8))


def save(picture: Image.Image, **options: object) -> JpegImageFile:
    file = io.BytesIO()
    picture.save(file, "JPEG", **options)
    return cast(JpegImageFile, Image.open(file))


def to_tensor(picture: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(picture.convert("RGB"))).permute(2, 0, 1).float() / 255


def random_photo(height: int, width: int, seed: int = 0) -> Tensor:
    """Smooth enough to be a photograph, large enough in range to be clamped, [1, 3, height, width]."""
    coarse = torch.rand(1, 3, height // 8 + 2, width // 8 + 2, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic", align_corners=True)
    return quantise(smooth)


@pytest.mark.parametrize(("quality", "decibels"), [(6, 43.4), (12, 44.4), (18, 44.0)])
def test_the_approximation_is_close_to_libjpeg(photographs: Photographs, quality: int, decibels: float) -> None:
    for photograph in photographs(512):
        x = photograph[None]
        assert psnr(JPEG(quality)(x, NOTHING), JPEG(quality).degrade(x, NOTHING)) > decibels


@pytest.mark.slow
@pytest.mark.parametrize(("quality", "decibels"), [(6, 43.4), (12, 44.4), (18, 44.0)])
def test_it_is_at_1024_pixels_too(photographs: Photographs, quality: int, decibels: float) -> None:
    test_the_approximation_is_close_to_libjpeg(lambda _: photographs(1024), quality, decibels)


@pytest.mark.parametrize("sampling", [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("grayscale", [False, True])
@pytest.mark.parametrize("quality", [6, 75])
def test_it_is_for_other_samplings(
    photographs: Photographs, sampling: tuple[int, int], grayscale: bool, quality: int
) -> None:
    x = photographs(256)[:2]
    operator = bound(*[JpegHeader(standard_tables(quality), sampling, grayscale)] * 2)
    assert psnr(operator(x, NOTHING), operator.degrade(x, NOTHING)) > 42


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(1, 70), st.integers(1, 70)),
    sampling=st.sampled_from([*SAMPLINGS.values()]),
    quality=st.integers(97, 100),
)
def test_it_is_for_any_size(size: tuple[int, int], sampling: tuple[int, int], quality: int) -> None:
    x = random_photo(*size)
    operator = bound(JpegHeader(standard_tables(quality), sampling))
    assert psnr(operator(x, NOTHING), operator.degrade(x, NOTHING)) > 40


@pytest.mark.parametrize("sampling", SAMPLINGS.values())
def test_partial_blocks_are_filled_as_libjpeg_does(photographs: Photographs, sampling: tuple[int, int]) -> None:
    x = photographs(512)[:2]
    operator = bound(JpegHeader(standard_tables(11), sampling))
    errors = []
    for height in range(5, 70, 3):
        part = x[..., 40 : 40 + height, 200 : 270 - height // 2]
        errors.append((operator(part, NOTHING) - operator.degrade(part, NOTHING)).square().flatten())
    assert torch.cat(errors).mean() < 10**-4.65  # 46.5 dB


@pytest.mark.parametrize("quality", [6, 75])
def test_the_true_operator_is_pillows_file(photographs: Photographs, quality: int) -> None:
    x = photographs(64)
    degraded = JPEG(quality).degrade(x, NOTHING)
    for image, result in zip(x, degraded, strict=True):
        assert torch.equal(result, to_tensor(save(to_picture(image), quality=quality)))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_the_true_operator_repeats_a_file_from_its_header(photographs: Photographs, sampling: str) -> None:
    image = photographs(64)[0]
    file = save(to_picture(image), quality=30, subsampling=sampling)
    tables = torch.tensor([file.quantization[n] for n in (0, 1, 1)]).reshape(3, 8, 8).float()
    operator = bound(JpegHeader(tables, SAMPLINGS[sampling]))
    assert torch.equal(operator.degrade(image[None], NOTHING)[0], to_tensor(file))
    assert operator.read_parameters(0) == {"quality": 30, "sampling": sampling}


def test_a_grey_file_is_repeated(photographs: Photographs) -> None:
    image = photographs(64)[0]
    file = save(to_picture(image).convert("L"), quality=30)
    operator = bound(JpegHeader(standard_tables(30), (1, 1), grayscale=True))
    assert torch.equal(operator.degrade(image[None], NOTHING)[0], to_tensor(file))
    approximation = operator(image[None], NOTHING)
    assert torch.equal(approximation[:, 0], approximation[:, 2])
    assert operator.read_parameters(0) == {"quality": 30, "sampling": "4:0:0"}


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_grid_of_blocks_is_that_of_the_file(photographs: Photographs, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = to_picture(photographs(64)[0, :, :60, :51])
    file = save(stored, quality=12, subsampling="4:2:2", exif=exif)
    stored.getexif()[0x0112] = orientation
    clean, observed = (to_tensor(ImageOps.exif_transpose(picture)) for picture in (stored, file))
    operator = bound(JpegHeader(standard_tables(12), (2, 1), orientation=orientation))
    assert torch.equal(operator.degrade(clean[None], NOTHING)[0], observed)
    assert psnr(operator(clean[None], NOTHING)[0], observed) > 42


def test_440_is_decoded_as_libjpeg_does() -> None:
    file, clean = file_with_440_sampling()
    assert file.layer[0][1:3] == (1, 2)
    operator = bound(JpegHeader(standard_tables(100), (1, 2)))
    decoded = to_tensor(file)
    assert (operator(clean, NOTHING)[0] - decoded).abs().max() < 4 / 255
    assert (operator.degrade(clean, NOTHING)[0] - decoded).abs().max() < 4 / 255


def file_with_440_sampling() -> tuple[JpegImageFile, Tensor]:
    """A 4:2:2 file of one row of MCUs, whose header is changed to call them a column of 4:4:0 MCUs."""
    samples = np.random.default_rng(0).integers(80, 176, (3, 8, 8, 2), dtype=np.uint8)
    row, column = np.full((8, 48, 3), 128, np.uint8), np.full((48, 8, 3), 128, np.uint8)
    row[..., 1:] = np.concatenate(list(samples), axis=1).repeat(2, axis=1)
    column[..., 1:] = samples.reshape(24, 8, 2).repeat(2, axis=0)
    content = io.BytesIO()
    Image.fromarray(row, "YCbCr").save(content, "JPEG", quality=100, subsampling="4:2:2")
    file = bytearray(content.getvalue())
    frame = file.index(b"\xff\xc0")
    file[frame + 5 : frame + 9] = file[frame + 7 : frame + 9] + file[frame + 5 : frame + 7]
    file[frame + 11] = 0x12
    clean = to_tensor(Image.fromarray(column, "YCbCr"))[None]
    return cast(JpegImageFile, Image.open(io.BytesIO(bytes(file)))), clean


def test_a_sampling_that_pillow_does_not_write_goes_through_the_approximation() -> None:
    operator, x = bound(JpegHeader(standard_tables(50), (4, 1))), random_photo(24, 40)
    assert torch.equal(operator.degrade(x, NOTHING), quantise(operator(x, NOTHING)))
    assert operator.read_parameters(0)["sampling"] == "4:1:1"


def test_images_of_a_batch_keep_their_own_tables(photographs: Photographs) -> None:
    x, qualities = photographs(64)[:3], (5, 50, 95)
    operator = bound(*[JpegHeader(standard_tables(quality), (2, 2)) for quality in qualities])
    for index, quality in enumerate(qualities):
        alone = JPEG(quality)
        assert operator.read_parameters(index)["quality"] == quality
        torch.testing.assert_close(operator(x, NOTHING)[index], alone(x, NOTHING)[index])
        assert torch.equal(operator.degrade(x, NOTHING)[index], alone.degrade(x, NOTHING)[index])


def test_following_the_gradient_leads_to_the_target(photographs: Photographs) -> None:
    clean = photographs(64)[:1]
    observed = JPEG(12).degrade(clean, NOTHING)
    x = (clean + 0.1).requires_grad_()
    errors = []
    for _ in range(20):
        error = (JPEG(12)(x, NOTHING) - observed).square().mean()
        (gradient,) = torch.autograd.grad(error, x)
        x = (x - 0.5 * gradient / gradient.norm()).detach().requires_grad_()
        errors.append(error.item())
    assert errors[-1] < 0.2 * errors[0]


def test_a_given_quality_needs_no_header() -> None:
    operator = JPEG(12)
    assert operator.bind([target(None)], resolution=Size.square(8)) is operator
    assert operator.read_parameters(3) == {"quality": 12, "sampling": "4:2:0"}


def test_a_file_that_is_no_jpeg_is_named() -> None:
    message = r"'photo.png' has no JPEG header to use, it is not a JPEG file: give the quality .*jpeg:quality=12"
    with pytest.raises(InputError, match=message):
        JPEG().bind(
            [target(JpegHeader(standard_tables(12), (2, 2))), target(None, "photo.png")], resolution=Size.square(8)
        )


@pytest.mark.parametrize(
    "other",
    [
        JpegHeader(standard_tables(12), (2, 1)),
        JpegHeader(standard_tables(12), (2, 2), grayscale=True),
        JpegHeader(standard_tables(12), (2, 2), orientation=6),
    ],
)
def test_batches_of_different_layouts_are_refused(other: JpegHeader) -> None:
    with pytest.raises(ValueError, match="must share sampling, grayscale and orientation"):
        bound(JpegHeader(standard_tables(12), (2, 2)), other)


def test_unknown_tables_are_an_error() -> None:
    for operator in (JPEG(), JPEG().degrade):
        with pytest.raises(InputError, match="jpeg has no tables yet: give a quality"):
            operator(torch.rand(1, 3, 8, 8), NOTHING)
    with pytest.raises(InputError, match="jpeg has no tables yet"):
        JPEG().read_parameters(0)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_out_of_range_is_an_error(quality: int) -> None:
    with pytest.raises(InputError, match=f"jpeg:quality={quality}: give a whole number from 1 to 100"):
        JPEG(quality)
