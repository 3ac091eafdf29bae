"""Making the square target that an operator needs from a picture of any size."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.orientation import stored_corner, swaps_axes, upright, upright_box, upright_corner
from rsi.data.target import JpegHeader
from rsi.errors import InputError

Fit = Literal["crop", "pad"]

BLOCK = 8  # side of a JPEG block in pixels, ITU-T T.81, A.1.3


@dataclass(frozen=True)
class Square:
    """A picture that was made square and upright.

    Attributes:
        image: ``[3, S, S]`` float32 in [0, 1]; unknown pixels are 0.
        known: ``[1, S, S]`` float32, 0 or 1.
        frame: Where the picture's pixels lie: left, top, width, height in pixels.
        notes: What was done, in words.
        motion: How the generator's picture has to be moved to lie as the picture does, see
            :class:`rsi.generators.fourier.FourierInput`, ``[3, 3]``; ``None`` if not at all.
    """

    image: Tensor
    known: Tensor
    frame: tuple[int, int, int, int]
    notes: tuple[str, ...]
    motion: Tensor | None = None


@dataclass(frozen=True)
class _Span:
    """What is kept of one axis: how many pixels, where they start in the picture and where in the square."""

    source: int
    target: int
    length: int


def fit_to_square(
    picture: Picture, known: Tensor, path: Path, *, resolution: int, factor: int | None, fit: Fit
) -> Square:
    """Crops and pads a picture to the square that generator and degradation need, and turns it upright.

    Offsets in a JPEG are whole MCUs of the file: its grid of blocks starts at the stored square's corner.

    Args:
        picture: The decoded file.
        known: ``[1, H, W]``, 1 where a pixel is known, in the file's orientation.
        path: The file, for messages.
        resolution: Side in pixels of the generator's images.
        factor: How many times smaller the target is; ``None`` lets it be any divisor of ``resolution``.
        fit: ``crop`` cuts what is longer than the square and pads what is shorter; ``pad`` cuts nothing.

    Raises:
        InputError: The size does not fit, or no pixel of the part that is kept is known.
    """
    height, width = picture.rgb.shape[-2:]
    side = _needed_side(picture, path, resolution, factor, fit)
    across, down = _grid(picture.jpeg)
    rows, columns = _centre(height, side, down), _centre(width, side, across)
    placed_known = _place(known, rows, columns, side)
    if not placed_known.any():
        raise InputError(f"nothing is known in the central {side}x{side} of {str(path)!r}: cut out another part")
    image = _place(picture.rgb, rows, columns, side) * placed_known
    box = (columns.target, rows.target, columns.length, rows.length)
    frame = upright_box(box, side, picture.orientation)
    return Square(
        upright(image, picture.orientation).contiguous(),
        upright(placed_known, picture.orientation).contiguous(),
        frame,
        _notes(picture.size, f"{frame[2]}x{frame[3]}", f"{side}x{side}"),
    )


def allowed_sides(resolution: int, factor: int | None) -> list[int]:
    """The sides that a target can have, see :func:`fit_to_square`.

    Raises:
        InputError: There is none.
    """
    if factor is None:
        return [side for side in range(1, resolution + 1) if resolution % side == 0]
    if resolution % factor:
        raise InputError(f"the degradation's factor {factor} does not divide the generator's {resolution} pixels")
    return [resolution // factor]


def cut_square(
    picture: Picture, known: Tensor, path: Path, *, corner: tuple[int, int], side: int
) -> tuple[Square, tuple[int, int]]:
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
    orientation, size = picture.orientation, _upright_size(picture)
    left, top = stored_corner(corner, side, size, orientation)
    across, down = _grid(picture.jpeg)
    left, top = round(left / across) * across, round(top / down) * down
    height, width = picture.rgb.shape[-2:]
    columns, rows = _overlap(left, side, width), _overlap(top, side, height)
    if columns.length < 1 or rows.length < 1 or not (seen := _place(known, rows, columns, side)).any():
        raise InputError(f"nothing is known of the face in {str(path)!r}")
    image = _place(picture.rgb, rows, columns, side) * seen
    frame = upright_box((columns.target, rows.target, columns.length, rows.length), side, orientation)
    note = f"cropped from {picture.size} to {side}x{side} around its largest face"
    square = Square(upright(image, orientation).contiguous(), upright(seen, orientation).contiguous(), frame, (note,))
    return square, upright_corner((left, top), side, size, orientation)


def _overlap(start: int, side: int, length: int) -> _Span:
    """What a square that starts at ``start`` has of an axis of ``length`` pixels."""
    source = max(0, start)
    return _Span(source=source, target=source - start, length=min(length, start + side) - source)


def _upright_size(picture: Picture) -> tuple[int, int]:
    height, width = picture.rgb.shape[-2:]
    return (height, width) if swaps_axes(picture.orientation) else (width, height)


def _needed_side(picture: Picture, path: Path, resolution: int, factor: int | None, fit: Fit) -> int:
    shorter, longer = sorted(picture.rgb.shape[-2:])
    if factor is None:
        return _dividing_side(shorter if fit == "crop" else longer, resolution, f"{str(path)!r} ({picture.size})")
    (side,) = allowed_sides(resolution, factor)
    if fit == "pad" and longer > side:
        raise InputError(f"{str(path)!r} is {picture.size}, larger than {side}x{side}: use --fit crop or scale it down")
    return side


def _dividing_side(side: int, resolution: int, subject: str) -> int:
    if resolution % side:
        sides = ", ".join(str(n) for n in range(1, resolution + 1) if resolution % n == 0)
        raise InputError(f"{subject}: {side} does not divide the generator's {resolution}, resize it to one of {sides}")
    return side


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


def _place(planes: Tensor, rows: _Span, columns: _Span, side: int) -> Tensor:
    square = torch.zeros(planes.shape[0], side, side)
    kept = planes.narrow(-2, rows.source, rows.length).narrow(-1, columns.source, columns.length)
    square.narrow(-2, rows.target, rows.length).narrow(-1, columns.target, columns.length).copy_(kept)
    return square


def _notes(size: str, kept: str, square: str) -> tuple[str, ...]:
    cropped = f"cropped from {size} to the central {kept}"
    padded = f"padded from {kept} to {square}"
    return tuple(note for note, done in ((cropped, kept != size), (padded, kept != square)) if done)
