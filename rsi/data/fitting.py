"""Making the target that an operator needs, of the generator's shape, from a picture of any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.orientation import stored_corner, swaps_axes, upright, upright_box, upright_corner
from rsi.data.target import JpegHeader, Surroundings
from rsi.errors import InputError
from rsi.numerics.size import Size

Fit = Literal["crop", "pad"]

BLOCK = 8  # side of a JPEG block in pixels, ITU-T T.81, A.1.3
USUAL_MCU = 2 * BLOCK  # side of what 4:2:0 codes together
SEARCHED = 1024  # side of the part of a picture in which its damages are looked for: it shows them as well as the whole


@dataclass(frozen=True)
class Fitted:
    """A picture that was turned upright and given the generator's shape.

    Attributes:
        image: ``[3, H, W]`` float32 in [0, 1]; unknown pixels are 0.
        known: ``[1, H, W]`` float32, 0 or 1.
        frame: Where the picture's pixels lie: left, top, width, height in pixels.
        notes: What was done, in words.
        motion: How the generator's picture has to be moved to lie as the picture does, see
            :class:`rsi.generators.stylegan3.fourier.FourierInput`, ``[3, 3]``; ``None`` if not at all.
        surroundings: What it was cut out of, if its damages are to be looked for there.
    """

    image: Tensor
    known: Tensor
    frame: tuple[int, int, int, int]
    notes: tuple[str, ...]
    motion: Tensor | None = None
    surroundings: Surroundings | None = None


@dataclass(frozen=True)
class _Span:
    """What is kept of one axis: how many pixels, where they start in the picture and where in the target."""

    source: int
    target: int
    length: int


def fit_to_shape(
    picture: Picture,
    known: Tensor,
    path: Path,
    *,
    resolution: Size,
    factor: int | None,
    fit: Fit,
    finds_damage: bool = False,
) -> Fitted:
    """Crops and pads a picture to the shape that generator and degradation need, and turns it upright.

    Offsets in a JPEG are whole MCUs of the file: its grid of blocks starts at the corner of what is stored. Where
    damages are looked for, any file may have been a JPEG.

    Args:
        picture: The decoded file.
        known: ``[1, H, W]``, 1 where a pixel is known, in the file's orientation.
        path: The file, for messages.
        resolution: The size of the generator's images.
        factor: How many times smaller the target is; ``None`` lets it be any that divides ``resolution``.
        fit: ``crop`` cuts what is longer than the target and pads what is shorter; ``pad`` cuts nothing.
        finds_damage: What happened is looked for in the picture: where ``factor`` is ``None``, pictures that are not
            smaller than the generator's keep their pixels.

    Raises:
        InputError: The size does not fit, or no pixel of the part that is kept is known.
    """
    if finds_damage and factor is None and _covers(picture, resolution):
        factor = 1
    size = _needed_size(picture, path, resolution, factor, fit)
    stored, own = _turn(size, picture.orientation), Size.of(picture.rgb)
    across, down = (max(unit, USUAL_MCU if finds_damage else 1) for unit in _grid(picture.jpeg))
    rows, columns = _centre(own.height, stored.height, down), _centre(own.width, stored.width, across)
    placed_known = _place(known, rows, columns, stored)
    if not placed_known.any():
        raise InputError(f"nothing is known in the central {size} of {str(path)!r}: cut out another part")
    image = _place(picture.rgb, rows, columns, stored) * placed_known
    box = (columns.target, rows.target, columns.length, rows.length)
    frame = upright_box(box, size, picture.orientation)
    return Fitted(
        upright(image, picture.orientation).contiguous(),
        upright(placed_known, picture.orientation).contiguous(),
        frame,
        _notes(picture.size, f"{frame[2]}x{frame[3]}", str(size)),
        surroundings=_around(picture, known, rows, columns) if finds_damage else None,
    )


def allowed_sides(resolution: Size, factor: int | None) -> list[int]:
    """The sides that a square target can have, see :func:`fit_to_shape`.

    Raises:
        InputError: There is none, or the generator's images are not square.
    """
    if resolution.height != resolution.width:
        raise InputError(f"--align frames faces as squares, and the generator makes {resolution}: give --align none")
    if factor is None:
        return [(resolution // factor).width for factor in reversed(resolution.factors)]
    _check_factor(resolution, factor)
    return [(resolution // factor).width]


def _check_factor(resolution: Size, factor: int) -> None:
    if not resolution.is_multiple_of(factor):
        raise InputError(f"the degradation's factor {factor} does not divide the generator's {resolution.label} pixels")


def cut_square(
    picture: Picture, known: Tensor, path: Path, *, corner: tuple[int, int], side: int
) -> tuple[Fitted, tuple[int, int]]:
    """Cuts a square out of a picture, near a place, and turns it upright; what lies beyond the picture is unknown.

    Args:
        picture: The decoded file.
        known: ``[1, H, W]``, 1 where a pixel is known, in the file's orientation.
        path: The file, for messages.
        corner: Left and top in the upright picture, in pixels; those of the square are the nearest at whole MCUs.
        side: Of the square, in pixels.

    Returns:
        The square, and its left and top in the upright picture.

    Raises:
        InputError: No pixel of the square is known.
    """
    orientation, size = picture.orientation, _turn(Size.of(picture.rgb), picture.orientation)
    left, top = stored_corner(corner, side, size, orientation)
    across, down = _grid(picture.jpeg)
    left, top = round(left / across) * across, round(top / down) * down
    height, width = picture.rgb.shape[-2:]
    columns, rows = _overlap(left, side, width), _overlap(top, side, height)
    if columns.length < 1 or rows.length < 1 or not (seen := _place(known, rows, columns, Size.square(side))).any():
        raise InputError(f"nothing is known of the face in {str(path)!r}")
    image = _place(picture.rgb, rows, columns, Size.square(side)) * seen
    frame = upright_box((columns.target, rows.target, columns.length, rows.length), Size.square(side), orientation)
    note = f"cropped from {picture.size} to {side}x{side} around its largest face"
    square = Fitted(upright(image, orientation).contiguous(), upright(seen, orientation).contiguous(), frame, (note,))
    return square, upright_corner((left, top), side, size, orientation)


def _overlap(start: int, side: int, length: int) -> _Span:
    """What a square that starts at ``start`` has of an axis of ``length`` pixels."""
    source = max(0, start)
    return _Span(source=source, target=source - start, length=min(length, start + side) - source)


def _covers(picture: Picture, size: Size) -> bool:
    """Whether the upright picture is nowhere smaller."""
    own = _turn(Size.of(picture.rgb), picture.orientation)
    return own.height >= size.height and own.width >= size.width


def _around(picture: Picture, known: Tensor, rows: _Span, columns: _Span) -> Surroundings | None:
    """What is kept of a picture, with what is around it; ``None`` if nothing is."""
    height, width = picture.rgb.shape[-2:]
    if (rows.length, columns.length) == (height, width):
        return None
    (top, bottom), (left, right) = _reach(rows, height), _reach(columns, width)
    size = _turn(Size(bottom - top, right - left), picture.orientation)
    box = (columns.source - left, rows.source - top, columns.length, rows.length)
    seen = known[:, top:bottom, left:right]
    return Surroundings(
        upright(picture.rgb[:, top:bottom, left:right] * seen, picture.orientation),
        upright(seen, picture.orientation).clone(),
        upright_box(box, size, picture.orientation)[:2],
    )


def _reach(kept: _Span, length: int) -> tuple[int, int]:
    """Where the pixels of an axis begin and end in which damages are looked for, on the grid of JPEG blocks."""
    margin = max(0, SEARCHED - kept.length) // 2 // USUAL_MCU * USUAL_MCU
    return max(0, kept.source - margin), min(length, kept.source + kept.length + margin)


def _turn(size: Size, orientation: int) -> Size:
    """The size of an upright picture as its file stores it, or the other way round."""
    return size.turned if swaps_axes(orientation) else size


def _needed_size(picture: Picture, path: Path, resolution: Size, factor: int | None, fit: Fit) -> Size:
    own = _turn(Size.of(picture.rgb), picture.orientation)
    if factor is None:
        return _dividing_size(own, resolution, fit, f"{str(path)!r} ({picture.size})")
    _check_factor(resolution, factor)
    size = resolution // factor
    if fit == "pad" and (own.height > size.height or own.width > size.width):
        raise InputError(f"{str(path)!r} is {picture.size}, larger than {size}: use --fit crop or scale it down")
    return size


def _dividing_size(own: Size, resolution: Size, fit: Fit, subject: str) -> Size:
    """The size of the generator's shape that a picture fills, cut along the other axis or padded along it."""
    is_flat = own.height * resolution.width < own.width * resolution.height
    axis = 0 if is_flat == (fit == "crop") else 1
    factor = resolution[axis] // own[axis]
    if not factor or own[axis] * factor != resolution[axis] or not resolution.is_multiple_of(factor):
        sizes = ", ".join((resolution // factor).label for factor in reversed(resolution.factors))
        raise InputError(
            f"{subject}: {own[axis]} does not divide the generator's {resolution.label}, resize it to one of {sizes}"
        )
    return resolution // factor


def _grid(jpeg: JpegHeader | None) -> tuple[int, int]:
    """Width and height of the smallest part of a file that can be cut without moving its blocks."""
    if jpeg is None:
        return 1, 1
    across, down = jpeg.sampling
    return BLOCK * across, BLOCK * down


def _centre(length: int, side: int, unit: int) -> _Span:
    offset = (abs(length - side) // 2 + unit // 2) // unit * unit
    if length > side:
        return _Span(source=offset, target=0, length=side)
    return _Span(source=0, target=offset, length=length)


def _place(planes: Tensor, rows: _Span, columns: _Span, size: Size) -> Tensor:
    placed = torch.zeros(planes.shape[0], *size)
    kept = planes.narrow(-2, rows.source, rows.length).narrow(-1, columns.source, columns.length)
    placed.narrow(-2, rows.target, rows.length).narrow(-1, columns.target, columns.length).copy_(kept)
    return placed


def _notes(size: str, kept: str, wanted: str) -> tuple[str, ...]:
    cropped = f"cropped from {size} to the central {kept}"
    padded = f"padded from {kept} to {wanted}"
    return tuple(note for note, done in ((cropped, kept != size), (padded, kept != wanted)) if done)
