"""Puts a restored face back where it was cut out."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.photos.face_crop import FaceCrop


def paste(photo: Image.Image, face: Image.Image, crop: FaceCrop, edge: float) -> Image.Image:
    """The photograph with the face in the place of its crop; from the crop's border inwards the face fades in.

    Args:
        photo: RGB.
        face: RGB, a square of any size.
        crop: Where the face was cut out.
        edge: Width of the soft edge as a share of the crop's side, 0 to 0.5.
    """
    left, top, right, bottom = crop.box()
    box = (max(0, left), max(0, top), min(photo.width, right), min(photo.height, bottom))
    across, down = _coordinates(crop, box)
    opacity = _opacity(across, down, edge)[..., None]
    turned = np.asarray(_turned_face(face, crop, box), dtype=np.float64)
    original = np.asarray(photo.crop(box), dtype=np.float64)
    blended = opacity * turned + (1 - opacity) * original
    result = photo.copy()
    result.paste(Image.fromarray(blended.round().astype(np.uint8)), box[:2])
    return result


def _coordinates(crop: FaceCrop, box: tuple[int, int, int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each pixel of a box lies in the crop, 0 to 1 from left to right and from top to bottom."""
    x, y = np.meshgrid(
        np.arange(box[0], box[2]) + 0.5 - crop.center[0], np.arange(box[1], box[3]) + 0.5 - crop.center[1]
    )
    (right_x, right_y), length = crop.right, crop.side**2 / 2
    return (x * right_x + y * right_y) / length + 0.5, (y * right_x - x * right_y) / length + 0.5


def _opacity(across: NDArray[np.float64], down: NDArray[np.float64], edge: float) -> NDArray[np.float64]:
    inside = np.minimum(np.minimum(across, 1 - across), np.minimum(down, 1 - down))
    ramp = np.clip(inside / max(edge, 1e-6), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _turned_face(face: Image.Image, crop: FaceCrop, box: tuple[int, int, int, int]) -> Image.Image:
    side = min(face.width, max(1, round(crop.side)))
    reduced = face.resize((side, side), Image.Resampling.LANCZOS)
    across, down = np.array(crop.right), np.array([-crop.right[1], crop.right[0]])
    per_pixel = side / (crop.side**2 / 2)
    offset = (np.array(box[:2]) - crop.center, side / 2)
    matrix = []
    for axis in (across, down):
        matrix += [axis[0] * per_pixel, axis[1] * per_pixel, float(offset[0] @ axis) * per_pixel + offset[1]]
    size = (box[2] - box[0], box[3] - box[1])
    return _bordered(reduced).transform(size, Image.Transform.AFFINE, _shifted(matrix), Image.Resampling.BICUBIC)


def _bordered(face: Image.Image) -> Image.Image:
    """The face with its outermost pixels repeated, for the interpolation along its border."""
    return Image.fromarray(np.pad(np.asarray(face), ((2, 2), (2, 2), (0, 0)), "edge"))


def _shifted(matrix: list[float]) -> tuple[float, ...]:
    a, b, c, d, e, f = matrix
    return a, b, c + 2, d, e, f + 2
