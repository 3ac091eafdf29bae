from pathlib import Path
from typing import Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rsi.data.decoded import Picture
from rsi.data.fitting import USUAL_MCU, Fitted, fit_to_shape
from rsi.data.orientation import as_stored, upright
from rsi.data.reading import read_picture
from rsi.data.target import JpegHeader
from rsi.errors import InputError
from rsi.numerics.size import Size

PATH = Path("faces/a.png")
ORIENTATIONS = st.integers(1, 8)
SIZES = st.integers(1, 90)
SAMPLINGS = st.sampled_from([None, (1, 1), (2, 1), (2, 2), (1, 2), (4, 1)])
Fit = Literal["crop", "pad"]


def picture(width: int, height: int, *, sampling: tuple[int, int] | None = None, orientation: int = 1) -> Picture:
    """A picture whose stored pixels are all different and tell where they are."""
    rows = torch.arange(1, height + 1)[:, None].expand(height, width)
    columns = torch.arange(1, width + 1).expand(height, width)
    rgb = torch.stack([rows, columns, torch.ones(height, width)]) / 256
    jpeg = None if sampling is None else JpegHeader(torch.ones(3, 8, 8), sampling, orientation=orientation)
    return Picture(rgb, jpeg=jpeg, orientation=orientation)


def fitted(
    source: Picture,
    *,
    resolution: Size,
    factor: int | None = 1,
    fit: Fit = "crop",
    known: torch.Tensor | None = None,
    finds_damage: bool = False,
) -> Fitted:
    known = torch.ones_like(source.rgb[:1]) if known is None else known
    return fit_to_shape(source, known, PATH, resolution=resolution, factor=factor, fit=fit, finds_damage=finds_damage)


def framed(square: Fitted) -> torch.Tensor:
    left, top, width, height = square.frame
    return square.image[:, top : top + height, left : left + width]


@given(
    width=SIZES,
    height=SIZES,
    side=SIZES,
    factor=st.sampled_from([1, 2, 4]),
    sampling=SAMPLINGS,
    orientation=ORIENTATIONS,
)
def test_known_side(
    width: int, height: int, side: int, factor: int, sampling: tuple[int, int] | None, orientation: int
) -> None:
    source = picture(width, height, sampling=sampling, orientation=orientation)
    square = fitted(source, resolution=Size.square(side * factor), factor=factor)
    check_geometry(source, square, side)


@given(
    width=SIZES,
    height=SIZES,
    fit=st.sampled_from(["crop", "pad"]),
    factor=st.sampled_from([1, 2, 3]),
    sampling=SAMPLINGS,
    orientation=ORIENTATIONS,
)
def test_side_of_the_target(
    width: int, height: int, fit: Fit, factor: int, sampling: tuple[int, int] | None, orientation: int
) -> None:
    source = picture(width, height, sampling=sampling, orientation=orientation)
    side = min(width, height) if fit == "crop" else max(width, height)
    square = fitted(source, resolution=Size.square(side * factor), factor=None, fit=fit)
    check_geometry(source, square, side)
    if fit == "pad":
        assert framed(square).shape[-2:] == upright(source.rgb, orientation).shape[-2:]


@given(width=SIZES, height=SIZES, spare=st.integers(0, 40), sampling=SAMPLINGS, orientation=ORIENTATIONS)
def test_pad_cuts_nothing(
    width: int, height: int, spare: int, sampling: tuple[int, int] | None, orientation: int
) -> None:
    source = picture(width, height, sampling=sampling, orientation=orientation)
    side = max(width, height) + spare
    square = fitted(source, resolution=Size.square(side), fit="pad")
    check_geometry(source, square, side)
    assert torch.equal(framed(square), upright(source.rgb, orientation))


@given(width=SIZES, height=SIZES, side=SIZES, sampling=SAMPLINGS, orientation=ORIENTATIONS)
def test_where_damages_are_looked_for_blocks_stay_and_what_is_around_is_kept(
    width: int, height: int, side: int, sampling: tuple[int, int] | None, orientation: int
) -> None:
    source = picture(side + width, side + height, sampling=sampling, orientation=orientation)
    square = fitted(source, resolution=Size.square(side), factor=None, finds_damage=True)
    assert square.frame == (0, 0, side, side)
    check_pixels(source, square, USUAL_MCU)
    around = square.surroundings
    assert around is not None
    left, top = around.corner
    assert torch.equal(around.image, upright(source.rgb, orientation))
    assert torch.equal(around.image[:, top : top + side, left : left + side], square.image)


def test_little_is_kept_of_what_is_around_in_a_huge_picture() -> None:
    square = fitted(picture(5000, 40), resolution=Size.square(32), factor=None, finds_damage=True)
    assert square.surroundings is not None
    assert square.surroundings.image.shape == (3, 40, 32 + 2 * 496)
    assert square.surroundings.corner == (496, 0)


def check_geometry(source: Picture, square: Fitted, side: int) -> None:
    left, top, width, height = square.frame
    assert square.image.shape == (3, side, side)
    assert square.known.shape == (1, side, side)
    assert left >= 0
    assert top >= 0
    assert left + width <= side
    assert top + height <= side
    inside = torch.zeros(1, side, side)
    inside[:, top : top + height, left : left + width] = 1
    assert torch.equal(square.known, inside)
    assert torch.equal(square.image * inside, square.image)
    check_pixels(source, square)
    check_notes(source, square, side)


def check_pixels(source: Picture, square: Fitted, least_unit: int = 1) -> None:
    """The frame holds a rectangle of the stored pixels; its corner is a whole MCU away from the picture's."""
    stored, placed = as_stored(square.image, source.orientation), as_stored(square.known, source.orientation)
    rows, columns = placed[0].nonzero().amin(0).tolist()
    kept = stored[:, placed[0].any(1)][:, :, placed[0].any(0)]
    first_row, first_column = (int(value) - 1 for value in (kept[:2, 0, 0] * 256).round())
    height, width = kept.shape[-2:]
    expected = source.rgb[:, first_row : first_row + height, first_column : first_column + width]
    assert torch.equal(kept, expected)
    across, down = (max(8 * n, least_unit) for n in source.jpeg.sampling) if source.jpeg else (least_unit, least_unit)
    check_offset(first_row, rows, source.rgb.shape[-2], stored.shape[-2], down)
    check_offset(first_column, columns, source.rgb.shape[-1], stored.shape[-1], across)


def check_offset(source: int, target: int, length: int, side: int, unit: int) -> None:
    assert source % unit == 0
    assert target % unit == 0
    assert 0 in (source, target)
    assert abs(source + target - abs(length - side) / 2) <= max(unit / 2, 0.5)


def check_notes(source: Picture, square: Fitted, side: int) -> None:
    kept, whole = "{}x{}".format(*square.frame[2:]), f"{side}x{side}"
    expected = []
    if kept != source.size:
        expected.append(f"cropped from {source.size} to the central {kept}")
    if kept != whole:
        expected.append(f"padded from {kept} to {whole}")
    assert square.notes == tuple(expected)


def test_perfect_size_is_left_alone() -> None:
    source = picture(64, 64)
    square = fitted(source, resolution=Size.square(64))
    assert torch.equal(square.image, source.rgb)
    assert square.frame == (0, 0, 64, 64)
    assert square.notes == ()


def test_notes_tell_what_was_done() -> None:
    square = fitted(picture(200, 100), resolution=Size.square(128))
    assert square.notes == ("cropped from 200x100 to the central 128x100", "padded from 128x100 to 128x128")
    assert square.frame == (0, 14, 128, 100)


def test_sizes_are_told_upright() -> None:
    square = fitted(picture(200, 100, orientation=6), resolution=Size.square(128))
    assert square.notes[0] == "cropped from 100x200 to the central 100x128"
    assert square.frame == (14, 0, 100, 128)


def test_crop_of_a_jpeg_decodes_the_same_blocks(tmp_path: Path) -> None:
    noise = torch.randint(0, 256, (150, 200, 3), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    Image.fromarray(noise.numpy()).save(tmp_path / "a.jpg", quality=30)
    source = read_picture(tmp_path / "a.jpg")
    square = fitted(source, resolution=Size.square(64))
    assert torch.equal(square.image, source.rgb[:, 48:112, 64:128])


def test_unknown_pixels_are_black() -> None:
    source = picture(4, 4)
    known = torch.eye(4)[None]
    square = fitted(source, resolution=Size.square(4), known=known)
    assert torch.equal(square.known, known)
    assert torch.equal(square.image, source.rgb * known)


def test_hole_over_all_that_is_kept_is_an_error() -> None:
    known = torch.zeros(1, 8, 8)
    known[:, 0] = 1
    with pytest.raises(InputError, match=r"nothing is known in the central 4x4 of 'faces.a.png'"):
        fitted(picture(8, 8), resolution=Size.square(4), known=known)


@pytest.mark.parametrize(("fit", "side"), [("crop", 100), ("pad", 120)])
def test_side_that_does_not_divide_names_those_that_do(fit: Fit, side: int) -> None:
    message = f"'faces.a.png' \\(120x100\\): {side} does not divide the generator's 64, .* 1, 2, 4, 8, 16, 32, 64$"
    with pytest.raises(InputError, match=message):
        fitted(picture(120, 100), resolution=Size.square(64), factor=None, fit=fit)


def test_too_large_to_pad() -> None:
    with pytest.raises(InputError, match=r"'faces.a.png' is 65x20, larger than 64x64: use --fit crop or scale it down"):
        fitted(picture(65, 20), resolution=Size.square(128), factor=2, fit="pad")


def test_factor_that_does_not_divide() -> None:
    with pytest.raises(InputError, match=r"factor 3 does not divide the generator's 128 pixels"):
        fitted(picture(8, 8), resolution=Size.square(128), factor=3)
