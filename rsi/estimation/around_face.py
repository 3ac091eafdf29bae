"""What happened to a photograph where a face is, found before anything is resampled."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.orientation import upright
from rsi.estimation.crop_damage import CropDamage, found_damage, given_damage
from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.named import AUTO
from rsi.photos.face_crop import FaceCrop

BLOCK = 16  # pixels of JPEG's largest blocks, on whose grid windows begin
SIDES = (512, 1024)  # pixels of the smallest and the largest window: they are enough to see what happened, and quick


def damage_of(picture: Picture, text: str, resolution: int) -> Callable[[FaceCrop], CropDamage]:
    """What is to be undone in each face of a photograph: found around the face, or named by the user.

    Args:
        picture: The photograph as its file gives it.
        text: ``auto``, or what happened.
        resolution: The generator's.
    """
    if text == AUTO:
        return lambda crop: found_damage(estimate_around(picture, crop), crop.side, resolution)
    opaque = _opaque(picture)
    known = None if opaque.all() else upright(opaque, picture.orientation).numpy()
    return lambda crop: given_damage(text, crop.side, resolution, known)


def estimate_around(picture: Picture, crop: FaceCrop) -> Estimate:
    """What happened to a photograph, as far as a window around a face shows it.

    Args:
        picture: The photograph as its file gives it.
        crop: The face in the upright photograph.

    Returns:
        The estimate, with ``known`` of the whole upright photograph.
    """
    rows, columns = _window(picture, crop)
    alpha = None if picture.alpha is None else picture.alpha[:, rows, columns]
    part = replace(picture, rgb=picture.rgb[:, rows, columns], alpha=alpha, orientation=1)  # as JPEG has left it
    estimate = estimate_evidence(evidence_of_picture(part), lambda: None)
    known = _opaque(picture)
    known[rows, columns] &= torch.from_numpy(estimate.known)
    return replace(estimate, known=upright(known, picture.orientation).numpy())


def _window(picture: Picture, crop: FaceCrop) -> tuple[slice, slice]:
    """Rows and columns of the file around the middle of a crop."""
    height, width = picture.rgb.shape[-2:]
    planes = (
        torch.arange(height, dtype=torch.int32)[:, None].expand(height, width),
        torch.arange(width, dtype=torch.int32)[None, :].expand(height, width),
    )
    side = min(max(round(crop.side), SIDES[0]), SIDES[1])
    row, column = (_at(upright(plane, picture.orientation), crop.center) for plane in planes)
    return _span(row, side), _span(column, side)


def _at(plane: Tensor, point: tuple[float, float]) -> int:
    row, column = (min(max(int(value), 0), side - 1) for value, side in zip(point[::-1], plane.shape, strict=True))
    return int(plane[row, column])


def _span(middle: int, side: int) -> slice:
    first = max(0, (middle - side // 2) // BLOCK * BLOCK)
    return slice(first, first + side)


def _opaque(picture: Picture) -> Tensor:
    """``[h, w]`` bool, in the file's order."""
    return torch.ones_like(picture.rgb[0], dtype=torch.bool) if picture.alpha is None else picture.alpha[0] >= 0.5
