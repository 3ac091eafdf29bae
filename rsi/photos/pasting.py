"""Puts restored faces back where they were cut out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.photos.face import Vector
from rsi.photos.face_crop import FaceCrop

Box = tuple[int, int, int, int]
Values = NDArray[np.float64]
Shape = Literal["oval", "square"]
Asked = Literal["auto", "oval", "square"]
EDGE = 0.08  # of squares, a share of their side
WIDENED, FADED = 1.05, 1.3  # multiples of the oval up to which there is the face alone, and from which the photograph
RING = (0.05, 0.95)  # shares of the face between which its colours are compared with the photograph's
FEWEST = 16  # pixels that colours are compared in
BORDER = 2  # pixels around a face that interpolation reads


@dataclass(frozen=True)
class PlacedFace:
    """A face and its place in a photograph.

    Attributes:
        crop: Where it was cut out.
        picture: What to put there, RGB, of any size: the whole crop if it is square, else its middle part of the
            picture's shape; ``None`` if the photograph stays as it is there.
        oval: ``[n, 2]``, the corners of the face's outline in the photograph; left out, that of a face in the middle
            of its crop.
        shape: What of the crop is put there: the face's oval, widened, or all of it.
        matched: Its colours are brought to those of the photograph along its edge.
    """

    crop: FaceCrop
    picture: Image.Image | None
    oval: Vector | None = None
    shape: Shape = "square"
    matched: bool = False

    @property
    def extent(self) -> tuple[float, float]:
        """The shares of the crop's width and height that the picture fills."""
        if self.picture is None:
            return 1.0, 1.0
        longer = max(self.picture.size)
        return self.picture.width / longer, self.picture.height / longer


def restored_face(
    crop: FaceCrop, picture: Image.Image, oval: Vector | None, degradation: str, asked: Asked = "auto"
) -> PlacedFace:
    """A face that was restored, as it is put back: an oval in the photograph's own colours, or the square as it is.

    Args:
        crop: Where it was cut out.
        picture: See :class:`PlacedFace`.
        oval: See :class:`PlacedFace`.
        degradation: What it was restored from, as ``--degradation`` takes it.
        asked: What of the crop to put back; ``auto`` for :func:`shape_for`.
    """
    shape = shape_for(degradation) if asked == "auto" else asked
    return PlacedFace(crop, picture, oval, shape, matched=shape == "oval")


def shape_for(degradation: str) -> Shape:
    """What of a crop is put back: all of it where nothing but holes is filled, else the face alone.

    What noise, JPEG or a small size have left of the hair goes on beyond the crop; half of it restored shows.
    """
    stages = {stage.partition(":")[0].strip().lower() for stage in degradation.split("+")}
    return "square" if stages == {"inpaint"} else "oval"


def paste(photo: Image.Image, faces: Sequence[PlacedFace], edge: float = EDGE) -> Image.Image:
    """The photograph with faces in the places of their crops; from a crop's border inwards its face fades in.

    Where crops overlap, a pixel goes to the face whose middle is nearest, measured in widths of its crop: what one
    crop shows of a neighbour never covers the neighbour itself, restored or not. Where no face is, every pixel keeps
    its value.

    Args:
        photo: RGB.
        faces: All faces that are known in the photograph.
        edge: Width of the soft edge of squares as a share of a crop's side, 0 to 0.5.
    """
    result = photo.copy()
    for face in faces:
        box = _inside(face.crop, photo)
        if face.picture is None or box[0] >= box[2] or box[1] >= box[3]:
            continue
        others = [other for other in faces if other is not face]
        share = _share(face, others, box, edge)[..., None]
        turned = np.asarray(_turned_face(face.picture, face, box), dtype=np.float64)
        original = np.asarray(photo.crop(box), dtype=np.float64)
        if face.matched:
            turned = turned + _colour_shift(original - turned, share[..., 0])
        pasted = np.asarray(result.crop(box), dtype=np.float64) + share * (turned - original)
        result.paste(Image.fromarray(pasted.round().clip(0, 255).astype(np.uint8)), box[:2])
    return result


def _inside(crop: FaceCrop, photo: Image.Image) -> Box:
    left, top, right, bottom = crop.box()
    return max(0, left), max(0, top), min(photo.width, right), min(photo.height, bottom)


def _share(face: PlacedFace, others: Sequence[PlacedFace], box: Box, edge: float) -> Values:
    """How much of each pixel of a box is the face's, 0 to 1; over all faces it is no more than 1."""
    reaches = [_reach(each, box, edge) for each in (face, *others)]
    weights = [_weight(reach, [other for other in reaches if other is not reach], edge) for reach in reaches]
    covered = 1 - np.prod([1 - reach.opacity for reach in reaches], axis=0)
    total = np.sum(weights, axis=0)
    share: Values = np.divide(covered * weights[0], total, out=np.zeros_like(total), where=total > 0)
    return share


class _Reach(NamedTuple):
    """How opaque a face would be alone in each pixel, 0 to 1, and how far the pixel is from its middle, in crops."""

    opacity: Values
    distance: Values


def _weight(reach: _Reach, others: Sequence[_Reach], edge: float) -> Values:
    """How opaque a face is where others that are nearer cover it, 0 to 1."""
    left = [1 - other.opacity * _nearer(other.distance, reach.distance, edge) for other in others]
    weight: Values = reach.opacity * np.prod(left, axis=0)
    return weight


def _reach(face: PlacedFace, box: Box, edge: float) -> _Reach:
    across, down = _coordinates(face.crop, box)
    near, far = zip(*(((1 - share) / 2, (1 + share) / 2) for share in face.extent), strict=True)
    inside = np.minimum(np.minimum(across - near[0], far[0] - across), np.minimum(down - near[1], far[1] - down))
    opacity = _smooth(inside / max(edge, 1e-6))
    if face.shape == "oval":
        opacity *= _smooth((FADED - _in_ovals(face, box)) / (FADED - WIDENED))
    return _Reach(opacity, np.hypot(across - 0.5, down - 0.5))


def _in_ovals(face: PlacedFace, box: Box) -> Values:
    """How far each pixel of a box is from the middle of the face's oval, in multiples of the oval on its way."""
    oval = _usual_oval(face.crop) if face.oval is None else face.oval
    middle = (oval.min(0) + oval.max(0)) / 2
    corners = (oval - middle) @ (1, 1j)
    around = np.argsort(np.angle(corners))
    x, y = np.meshgrid(np.arange(box[0], box[2]) + 0.5 - middle[0], np.arange(box[1], box[3]) + 0.5 - middle[1])
    reach = np.interp(np.arctan2(y, x), np.angle(corners[around]), np.abs(corners[around]), period=2 * np.pi)
    multiples: Values = np.hypot(x, y) / np.maximum(reach, 1e-6)
    return multiples


def _usual_oval(crop: FaceCrop) -> Vector:
    """An ellipse about where FFHQ's crop puts a face."""
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    across, down = np.array(crop.right), np.array([-crop.right[1], crop.right[0]])
    oval: Vector = np.array(crop.center) + np.outer(0.53 * np.cos(angles), across)
    return oval + np.outer(0.19 + 0.61 * np.sin(angles), down)


def _colour_shift(difference: Values, share: Values) -> Values:
    """What makes the colours along the edge the photograph's: for each channel a plane fitted to the differences."""
    ring = (share > RING[0]) & (share < RING[1])
    if ring.sum() < FEWEST:
        return np.zeros(3)
    y, x = np.indices(share.shape) / max(share.shape)
    terms = np.stack([np.ones_like(x), x, y], -1)
    planes = np.linalg.lstsq(terms[ring], difference[ring], rcond=None)[0]
    shift: Values = terms @ planes
    return shift


def _nearer(distance: Values, than: Values, edge: float) -> Values:
    """1 where a distance is the shorter one, 0 where it is the longer one, in between about where they are equal."""
    return _smooth(0.5 + (than - distance) / max(2 * edge, 1e-6))


def _smooth(values: Values) -> Values:
    """From 0 at 0 to 1 at 1, level at both ends."""
    ramp = np.clip(values, 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _coordinates(crop: FaceCrop, box: Box) -> tuple[Values, Values]:
    """Where each pixel of a box lies in the crop, 0 to 1 from left to right and from top to bottom."""
    x, y = np.meshgrid(
        np.arange(box[0], box[2]) + 0.5 - crop.center[0], np.arange(box[1], box[3]) + 0.5 - crop.center[1]
    )
    (right_x, right_y), length = crop.right, crop.side**2 / 2
    return (x * right_x + y * right_y) / length + 0.5, (y * right_x - x * right_y) / length + 0.5


def _turned_face(picture: Image.Image, face: PlacedFace, box: Box) -> Image.Image:
    """The face as it lies in a box of the photograph, of the box's size."""
    crop, shares = face.crop, face.extent
    size = [min(side, max(1, round(crop.side * share))) for side, share in zip(picture.size, shares, strict=True)]
    reduced = picture.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    axes = np.array(crop.right), np.array([-crop.right[1], crop.right[0]])
    offset = np.array(box[:2]) - crop.center
    matrix = []
    for axis, side, share in zip(axes, size, shares, strict=True):
        per_pixel = side / (share * (crop.side**2 / 2))
        matrix += [axis[0] * per_pixel, axis[1] * per_pixel, float(offset @ axis) * per_pixel + side / 2]
    matrix[2], matrix[5] = matrix[2] + BORDER, matrix[5] + BORDER
    room = (box[2] - box[0], box[3] - box[1])
    return _bordered(reduced).transform(room, Image.Transform.AFFINE, matrix, Image.Resampling.BICUBIC)


def _bordered(face: Image.Image) -> Image.Image:
    """The face with its outermost pixels repeated, for the interpolation along its border."""
    return Image.fromarray(np.pad(np.asarray(face), ((BORDER, BORDER), (BORDER, BORDER), (0, 0)), "edge"))
