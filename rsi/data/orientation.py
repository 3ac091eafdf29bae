"""The eight EXIF orientations, for tensors."""

from torch import Tensor

from rsi.numerics.size import Size

_ROWS, _COLUMNS = -2, -1
_FLIPS: dict[int, tuple[int, ...]] = {
    1: (),
    2: (_COLUMNS,),
    3: (_ROWS, _COLUMNS),
    4: (_ROWS,),
    5: (),
    6: (_COLUMNS,),
    7: (_ROWS, _COLUMNS),
    8: (_ROWS,),
}


def swaps_axes(orientation: int) -> bool:
    """Whether width and height change places between the file and the upright picture."""
    return orientation >= 5


def upright(stored: Tensor, orientation: int) -> Tensor:
    """Turns pixels from a file's order to the way the picture is to be looked at.

    Args:
        stored: Pixels as the file stores them, ``[..., H, W]``.
        orientation: EXIF tag 0x0112, 1 to 8.

    Returns:
        ``[..., H, W]``, or ``[..., W, H]`` for orientations 5 to 8.

    Source: EXIF 2.32 (CIPA DC-008-2019), tag Orientation.
    """
    turned = stored.mT if swaps_axes(orientation) else stored
    return turned.flip(_FLIPS[orientation])


def as_stored(picture: Tensor, orientation: int) -> Tensor:
    """Turns an upright picture ``[..., H, W]`` to the order of its file: the inverse of :func:`upright`."""
    flipped = picture.flip(_FLIPS[orientation])
    return flipped.mT if swaps_axes(orientation) else flipped


def stored_corner(corner: tuple[int, int], side: int, size: Size, orientation: int) -> tuple[int, int]:
    """Where a square of an upright picture is stored.

    Args:
        corner: Left and top of the square in the upright picture, in pixels.
        side: Width and height of the square.
        size: The size of the upright picture.
        orientation: EXIF orientation, 1 to 8.

    Returns:
        Left and top of the square in the file's order.
    """
    left, top = _flipped(corner, side, size, orientation)
    return (top, left) if swaps_axes(orientation) else (left, top)


def upright_corner(corner: tuple[int, int], side: int, size: Size, orientation: int) -> tuple[int, int]:
    """The inverse of :func:`stored_corner`; ``size`` is that of the upright picture, too."""
    turned = (corner[1], corner[0]) if swaps_axes(orientation) else corner
    return _flipped(turned, side, size, orientation)


def _flipped(corner: tuple[int, int], side: int, size: Size, orientation: int) -> tuple[int, int]:
    left, top = corner
    flips = _FLIPS[orientation]
    return (
        size.width - side - left if _COLUMNS in flips else left,
        size.height - side - top if _ROWS in flips else top,
    )


def upright_box(box: tuple[int, int, int, int], size: Size, orientation: int) -> tuple[int, int, int, int]:
    """Where a box of a stored picture ends up in the upright picture.

    Args:
        box: Left, top, width and height in pixels of the stored picture.
        size: The size of the upright picture.
        orientation: EXIF orientation, 1 to 8.

    Returns:
        Left, top, width and height in pixels of the upright picture.
    """
    left, top, width, height = box
    if swaps_axes(orientation):
        left, top, width, height = top, left, height, width
    if _COLUMNS in _FLIPS[orientation]:
        left = size.width - left - width
    if _ROWS in _FLIPS[orientation]:
        top = size.height - top - height
    return left, top, width, height
