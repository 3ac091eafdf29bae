"""Which pixels of a picture are known."""

from pathlib import Path, PurePosixPath

import torch
from PIL import ImageColor
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.formats import is_picture
from rsi.data.orientation import as_stored, upright
from rsi.data.reading import read_picture
from rsi.errors import InputError
from rsi.storage.folding import composed

_PAINTED = 0.75  # opacity of what is paint, not the edge of it
_A_LITTLE = 0.01  # share of the paint
_PHOTOGRAPH = 0.25, 16  # share of the paint that is neither nearly black nor nearly white, and its shades


def known_pixels(
    picture: Picture, path: Path, *, mask: Path | Picture | None = None, mask_color: str | None = None
) -> Tensor:
    """What is known of a picture: the product of its alpha channel, mask and mask colour where given.

    Args:
        picture: The decoded file.
        path: The file, for messages.
        mask: A mask of the upright picture's size, decoded or as a file.
        mask_color: The colour of holes.

    Returns:
        ``[1, H, W]`` float32, 0 or 1, in the file's orientation.

    Raises:
        InputError: The mask has another size, a source cannot be used, or nothing is left that is known.
    """
    known = torch.ones_like(picture.rgb[:1])
    if picture.alpha is not None:
        known = known * (picture.alpha >= 0.5)
    if mask_color is not None:
        known = known * known_by_color(picture.rgb, mask_color)
    if mask is not None:
        known = known * _stored_mask(mask, picture, path)
    if not known.any():
        raise InputError(f"nothing of {str(path)!r} is known: transparency and masks leave no pixel")
    return known


def known_in_file(path: Path) -> Tensor:
    """What a mask file says is known, ``[1, H, W]`` upright, see :func:`known_in_picture`.

    Raises:
        InputError: The file cannot be read, or is transparent or a hole all over.
    """
    return known_in_picture(read_picture(path), path)


def known_in_picture(mask: Picture, path: Path) -> Tensor:
    """Known where a mask picture is at least half white: ``[1, H, W]`` upright, 0 or 1.

    White is known, any other colour is a hole, and transparency is the opposite of what is painted: a hole beside
    white paint, known beside other paint, a hole in a photograph.

    White is half reached where every channel is at least one half. A layer that is partly opaque at most counts as
    opaque where it is most so.

    Args:
        mask: The decoded mask.
        path: Its file, for messages.

    Raises:
        InputError: It is transparent or a hole all over.
    """
    white = mask.rgb.amin(dim=0, keepdim=True)
    if mask.alpha is not None and mask.alpha.min() < mask.alpha.max():
        white = _flattened(mask.rgb, white, mask.alpha / mask.alpha.max())
    elif mask.alpha is not None and not mask.alpha.any():
        raise InputError(f"the mask {str(path)!r} is transparent all over: paint what is known white")
    known = (upright(white, mask.orientation) >= 0.5).float()
    if not known.any():
        labels = "; it holds 0 and 1 alone, white is 255" if round(white.max().item() * 255) == 1 else ""
        raise InputError(f"the mask {str(path)!r} is black all over: paint what is known white{labels}")
    return known


def _flattened(rgb: Tensor, white: Tensor, opacity: Tensor) -> Tensor:
    """How white ``[1, H, W]`` a partly transparent mask is on the ground that its paint stands out from."""
    is_paint = opacity >= _PAINTED
    if _is_photograph(rgb[:, is_paint[0]]):
        return opacity
    has_white = (white[is_paint] >= 0.5).float().mean() > _A_LITTLE
    ground = 0.0 if has_white else 1.0
    return opacity * white + (1 - opacity) * ground


def _is_photograph(paint: Tensor) -> bool:
    """Whether colours ``[3, N]`` are those of a picture that was cut out, not of a brush."""
    share, shades = _PHOTOGRAPH
    between = (paint.amax(dim=0) > 0.2) & (paint.amin(dim=0) < 0.8)
    return between.float().mean().item() > share and _count_shades(paint) > shades


def _count_shades(paint: Tensor) -> int:
    """How many different colours ``[3, N]`` holds, at 32 levels a channel."""
    numbers = (paint * 31).round().long().T @ torch.tensor([1, 32, 1024])
    return int((numbers.bincount() > 0).sum())


def known_by_color(rgb: Tensor, color: str) -> Tensor:
    """Known where a picture ``[3, H, W]`` has not exactly the colour: ``[1, H, W]``, 0 or 1."""
    return (rgb != parse_color(color)[:, None, None]).any(dim=0, keepdim=True).float()


def parse_color(color: str) -> Tensor:
    """A colour as float32 RGB in [0, 1], ``[3]``.

    Raises:
        InputError: It is neither ``#rrggbb`` nor a name that Pillow knows.
    """
    try:
        rgb: tuple[int, ...] = ImageColor.getrgb(color)
    except ValueError:
        rgb = ()
    if len(rgb) != 3:
        raise InputError(f"mask_color {color!r} is not a colour: give '#rrggbb' or a name like 'magenta'")
    return torch.tensor(rgb).float().div(255)


def find_mask(mask_dir: Path, name: str) -> Path:
    """The mask of a target: the file of the same name, else a picture of the same stem.

    Names are the same whether accented letters are in one piece or two.

    Args:
        mask_dir: The folder of masks, laid out as the folder of targets.
        name: The target's path in its folder, with forward slashes.

    Raises:
        InputError: There is none, several have the stem, or the folder cannot be read.
    """
    exact = mask_dir / name
    try:
        if exact.is_file():
            return exact
        folder = _folder(mask_dir, PurePosixPath(name).parent)
        found = sorted(path for path in folder.glob("*") if _is_mask_of(path, exact.name))
    except OSError as error:
        raise InputError(f"the masks in {str(mask_dir)!r} cannot be read: {error.strerror or error}") from None
    if not found:
        expected = mask_dir / PurePosixPath(name).with_suffix(".png")
        raise InputError(f"{name!r} has no mask: put it at {str(expected)!r}")
    same = [path for path in found if composed(path.name) == composed(exact.name)]
    if len(same or found) > 1:
        several = ", ".join(repr(path.name) for path in found)
        raise InputError(f"{name!r} has several masks in {str(mask_dir)!r}, keep one of {several}")
    return (same or found)[0]


def _stored_mask(mask: Path | Picture, picture: Picture, path: Path) -> Tensor:
    name = Path("mask") if isinstance(mask, Picture) else mask
    known = known_in_picture(mask, name) if isinstance(mask, Picture) else known_in_file(mask)
    size = f"{known.shape[-1]}x{known.shape[-2]}"
    if size != picture.size:
        raise InputError(f"the mask {str(name)!r} is {size} but {str(path)!r} is {picture.size}: make them equal")
    return as_stored(known, picture.orientation)


def _folder(mask_dir: Path, inside: PurePosixPath) -> Path:
    """A folder inside that of the masks, accents in its name composed or not."""
    folder = mask_dir
    for part in inside.parts:
        if not (folder / part).is_dir():
            same = (path for path in folder.glob("*") if composed(path.name) == composed(part) and path.is_dir())
            part = next(same, folder / part).name
        folder = folder / part
    return folder


def _is_mask_of(path: Path, name: str) -> bool:
    same_stem = composed(path.stem) == composed(PurePosixPath(name).stem)
    return same_stem and path.is_file() and is_picture(path.parent, path.name)
