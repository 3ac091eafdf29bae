"""The square that FFHQ cuts out around a face."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.photos.face import Face, Vector

Beyond = Literal["reflect", "edge"]
MARGIN = 3  # pixels around a crop that its interpolation may read


@dataclass(frozen=True)
class FaceCrop:
    """A rotated square of a photograph.

    Attributes:
        center: x and y of its centre, in pixels from the photograph's upper left corner.
        right: From the centre to the middle of its right edge.
    """

    center: tuple[float, float]
    right: tuple[float, float]

    @property
    def side(self) -> float:
        """Its side, in the photograph's pixels."""
        return 2 * float(np.hypot(*self.right))

    @property
    def corners(self) -> Vector:
        """``[4, 2]``: upper left, upper right, lower right and lower left."""
        right, down = np.array(self.right), _turned(np.array(self.right))
        corners: Vector = np.array(self.center) + np.array([-right - down, right - down, right + down, -right + down])
        return corners

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the upright rectangle around it, in whole pixels."""
        low, high = np.floor(self.corners.min(0)).astype(int), np.ceil(self.corners.max(0)).astype(int)
        return int(low[0]), int(low[1]), int(high[0]), int(high[1])

    def share_outside(self, photo: Image.Image) -> float:
        """The share of the crop that lies beyond the photograph, 0 to 1."""
        steps = (np.arange(64) + 0.5) / 32 - 1
        right, down = np.array(self.right), _turned(np.array(self.right))
        points = np.array(self.center) + steps[:, None, None] * down + steps[None, :, None] * right
        return float(((points < 0) | (points >= photo.size)).any(-1).mean())


def crop_around(face: Face) -> FaceCrop:
    """FFHQ's crop of a face (Karras et al. 2019, appendix A)."""
    eye = (face.eyes[0] + face.eyes[1]) / 2
    between, down = face.eyes[1] - face.eyes[0], face.mouth - eye
    direction = between - _turned(down)
    reach = max(2.0 * np.hypot(*between), 1.8 * np.hypot(*down))
    right, center = direction / np.hypot(*direction) * reach, eye + 0.1 * down
    return FaceCrop((float(center[0]), float(center[1])), (float(right[0]), float(right[1])))


def cut(photo: Image.Image, crop: FaceCrop, size: int, beyond: Beyond = "reflect") -> Image.Image:
    """The crop, upright, as a square of ``size`` pixels.

    Args:
        photo: RGB.
        crop: Where to cut.
        size: Width and height of the result.
        beyond: What lies beyond the photograph: its mirror image, or its border again and again.
    """
    left, top, right, bottom = crop.box()
    margin = MARGIN * max(1, round(crop.side / size))
    part = _extended(photo, (left - margin, top - margin, right + margin, bottom + margin), beyond)
    scale = max(1.0, crop.side / size)
    reduced = part.resize((round(part.width / scale), round(part.height / scale)), Image.Resampling.LANCZOS)
    per_pixel = np.array([reduced.width / part.width, reduced.height / part.height])
    origin = (crop.corners[0] - (left - margin, top - margin)) * per_pixel
    across, down = (np.array(crop.right) * 2 / size * per_pixel, _turned(np.array(crop.right)) * 2 / size * per_pixel)
    matrix = (across[0], down[0], origin[0], across[1], down[1], origin[1])
    return reduced.transform((size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def cut_with_holes(photo: Image.Image, crop: FaceCrop, size: int, known: NDArray[np.bool_] | None) -> Image.Image:
    """A crop as :func:`cut` makes it, RGBA and transparent wherever it takes anything from unknown pixels.

    Args:
        photo: RGB.
        crop: Where to cut.
        size: Width and height of the result.
        known: ``[h, w]``, which pixels of the photograph are known; ``None`` if all are, and the result is RGB.
    """
    picture = cut(photo, crop, size)
    if known is not None:
        mask = Image.fromarray(np.where(known, 255, 0).astype(np.uint8)).convert("RGB")
        opaque = np.asarray(cut(mask, crop, size).getchannel(0)) == 255
        picture.putalpha(Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8)))
    return picture


def _extended(photo: Image.Image, box: tuple[int, int, int, int], beyond: Beyond) -> Image.Image:
    """A part of the photograph that may reach beyond it; left, top, right and bottom in whole pixels."""
    left, top, right, bottom = box
    before, after = (max(0, -left), max(0, -top)), (max(0, right - photo.width), max(0, bottom - photo.height))
    inside = np.asarray(photo.crop((max(0, left), max(0, top), min(photo.width, right), min(photo.height, bottom))))
    return Image.fromarray(np.pad(inside, ((before[1], after[1]), (before[0], after[0]), (0, 0)), beyond))


def _turned(vector: Vector) -> Vector:
    """The vector turned by a right angle, from right to down."""
    return np.array([-vector[1], vector[0]])
