"""Which pixels of a picture are known."""

from pathlib import Path, PurePosixPath

import torch
from PIL import ImageColor
from torch import Tensor

from rsi.data.orientation import as_stored, upright
from rsi.data.reading import SUFFIXES, Picture, read_picture
from rsi.errors import InputError


def known_pixels(picture: Picture, path: Path, *, mask: Path | None = None, mask_color: str | None = None) -> Tensor:
    """What is known of a picture: the product of its alpha channel, mask file and mask colour where given.

    Args:
        picture: The decoded file.
        path: The file, for messages.
        mask: A mask file of the upright picture's size.
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
        known = known * from_color(picture.rgb, mask_color)
    if mask is not None:
        known = known * _stored_mask(mask, picture, path)
    if not known.any():
        raise InputError(f"nothing of {str(path)!r} is known: transparency and masks leave no pixel")
    return known


def from_file(path: Path) -> Tensor:
    """Known where a mask picture is at least half white: ``[1, H, W]`` upright, 0 or 1.

    Raises:
        InputError: The file cannot be read or is black all over.
    """
    mask = read_picture(path)
    known = (upright(mask.rgb, mask.orientation).mean(dim=0, keepdim=True) >= 0.5).float()
    if not known.any():
        raise InputError(f"the mask {str(path)!r} is black all over: paint what is known white")
    return known


def from_color(rgb: Tensor, color: str) -> Tensor:
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
    """The mask of a target: the file of the same name, else of the same stem with another image suffix.

    Args:
        mask_dir: The folder of masks, laid out as the folder of targets.
        name: The target's path in its folder, with forward slashes.

    Raises:
        InputError: There is none, or several have the stem.
    """
    exact = mask_dir / name
    if exact.is_file():
        return exact
    found = sorted(path for path in exact.parent.glob("*") if _is_picture_with_stem(path, exact.stem))
    if not found:
        expected = mask_dir / PurePosixPath(name).with_suffix(".png")
        raise InputError(f"{name!r} has no mask: put it at {str(expected)!r}")
    if len(found) > 1:
        several = ", ".join(repr(path.name) for path in found)
        raise InputError(f"{name!r} has several masks in {str(mask_dir)!r}, keep one of {several}")
    return found[0]


def _stored_mask(mask: Path, picture: Picture, path: Path) -> Tensor:
    known = from_file(mask)
    size = f"{known.shape[-1]}x{known.shape[-2]}"
    if size != picture.size:
        raise InputError(f"the mask {str(mask)!r} is {size} but {str(path)!r} is {picture.size}: make them equal")
    return as_stored(known, picture.orientation)


def _is_picture_with_stem(path: Path, stem: str) -> bool:
    return path.stem == stem and path.suffix.lower() in SUFFIXES and path.is_file()
