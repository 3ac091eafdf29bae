"""Squares of photographs around a face, in the place of the central ones."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.data.decoded import Picture
from rsi.data.fitting import Fitted, cut_square
from rsi.data.orientation import upright
from rsi.data.pictures import to_picture
from rsi.errors import InputError
from rsi.photos.face_crop import FaceCrop, crop_around, cut
from rsi.photos.face_finder import FaceFinder, make_finder

Align = Literal["none", "crop", "transform"]

ZOOM = 1.1  # a face of so much another size than the generator's keeps its pixels


class FaceFraming:
    """Frames the largest face of a photograph as FFHQ's are, in one of two ways.

    ``crop`` turns and resizes the photograph, as ``rsi align`` does. ``transform`` cuts out a square of whole pixels
    and says how the generator has to move its picture instead: unless the face has to be resized, the target consists
    of the photograph's own pixels, in their JPEG blocks. It is resized where it is more than a tenth larger or smaller
    than the generator's: StyleGAN3 turns and shifts a picture, but does not zoom (Karras et al. 2021).

    Args:
        align: Which way.
    """

    def __init__(self, align: Literal["crop", "transform"]) -> None:
        self.align = align

    @cached_property
    def finder(self) -> FaceFinder:
        """What finds the faces.

        Raises:
            InputError: It is not installed.
        """
        return make_finder()

    def __call__(self, picture: Picture, known: Tensor, path: Path, sides: Sequence[int]) -> tuple[Picture, Fitted]:
        """The square around the largest face, and the picture as it was cut from.

        Args:
            picture: The decoded file.
            known: ``[1, H, W]``, 1 where a pixel is known, in the file's orientation.
            path: The file, for messages.
            sides: The sides in pixels that the square may have.

        Raises:
            InputError: There is no face, or nothing of it is known.
        """
        crop = self._largest(picture, path)
        side = min(sides, key=lambda side: abs(math.log(side / crop.side)))
        if self.align == "crop":
            return self._cropped(picture, known, path, crop, side)
        scale = side / crop.side
        if not 1 / ZOOM <= scale <= ZOOM:
            picture, known, crop = _resized(picture, known, crop, scale)
        corner = np.array(crop.center) - side / 2
        square, cut_at = cut_square(picture, known, path, corner=(round(corner[0]), round(corner[1])), side=side)
        return picture, replace(square, motion=motion_of(crop, cut_at, side))

    def _largest(self, picture: Picture, path: Path) -> FaceCrop:
        faces = self.finder.find(to_picture(upright(picture.rgb, picture.orientation)))
        if not faces:
            raise InputError(f"no face is found in {str(path)!r}: give --align none")
        return max((crop_around(face) for face in faces), key=lambda crop: crop.side)

    def _cropped(
        self, picture: Picture, known: Tensor, path: Path, crop: FaceCrop, side: int
    ) -> tuple[Picture, Fitted]:
        if not known.all():
            raise InputError(f"{str(path)!r} has unknown pixels, which --align crop cannot turn: use --align transform")
        face = cut(to_picture(upright(picture.rgb, picture.orientation)), crop, side)
        note = f"its largest face was cut out and resized from {crop.side:.0f} to {side} px"
        pixels = torch.from_numpy(np.array(face)).permute(2, 0, 1) / 255
        square = Fitted(pixels.contiguous(), torch.ones(1, side, side), (0, 0, side, side), (note,))
        return replace(picture, jpeg=None), square


def motion_of(crop: FaceCrop, corner: tuple[int, int], side: int) -> Tensor:
    """From positions in an upright square to those in a face that is upright and in the middle, ``[3, 3]``.

    Both squares span -0.5 to 0.5, x to the right and y down.

    Args:
        crop: The face in the photograph.
        corner: The square's upper left corner in the photograph, in pixels.
        side: The square's side in pixels.
    """
    across, down = np.array(crop.right) / np.hypot(*crop.right)
    turn = np.array([[across, down], [-down, across]])
    shift = turn @ (np.array(corner) + side / 2 - crop.center) / side
    return torch.tensor([[*turn[0], shift[0]], [*turn[1], shift[1]], [0, 0, 1]], dtype=torch.float32)


def _resized(picture: Picture, known: Tensor, crop: FaceCrop, scale: float) -> tuple[Picture, Tensor, FaceCrop]:
    """Picture, known pixels and face at another size, upright; what is partly unknown is unknown."""
    rgb, seen = upright(picture.rgb, picture.orientation), upright(known, picture.orientation)
    height, width = (max(1, round(scale * side)) for side in rgb.shape[-2:])
    small = F.interpolate(rgb[None], size=(height, width), mode="bicubic", antialias=True)[0].clamp(0, 1)
    weights = F.interpolate(seen[None].float(), size=(height, width), mode="bilinear", antialias=True)[0]
    note = f"resized from {picture.size} to {width}x{height} for the size of its face"
    factors = np.array([width / rgb.shape[-1], height / rgb.shape[-2]])
    center, right = factors * crop.center, factors * crop.right
    resized = replace(picture, rgb=small, alpha=None, jpeg=None, orientation=1, notes=(*picture.notes, note))
    return resized, (weights > 1 - 1e-4).float(), FaceCrop((center[0], center[1]), (right[0], right[1]))
