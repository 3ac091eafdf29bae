"""Finds faces with the networks that come with the package."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from rsi.photos.face import Face, Vector, doubts_of
from rsi.photos.face_crop import FaceCrop, cut
from rsi.photos.face_networks import DETECTOR_SIDE, MESH_SIDE, BlazeFace, FaceMesh

LEVELS = 4  # sizes of windows, each half the one before: the last finds faces of a sixtieth of the photograph
STRIDE = 96  # pixels of a window from one to the next; what does not fit then is large enough for the level before
AT_ONCE = 16  # windows
LIKELY = 0.5  # score of a box that is looked at
PRESENT, SURE = 0.95, 0.99  # certainty of a face that is given, and of one without doubt
SAME = 0.3  # share of two boxes' union from which they are of one face
WITHIN = 0.5  # share of the smaller of two boxes from which one face lies in the other
SMALLEST = 24.0  # pixels across the oval
ROOM = 1.5  # sides of a face's box that its points are located in
ROUNDS = 8  # of locating at most, the first from the box, the others from the points found
SETTLED = 0.02  # share of its side by which a square moves or turns when further rounds change little
FRONTAL = 40.0  # degrees that a head may be turned aside

# Corners of FaceMesh's canonical mesh, left and right as in the picture.
EYES = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
MOUTH = (61, 291)
TEMPLES = (127, 356)
OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)


class Box(NamedTuple):
    """What the detector says of a face.

    Attributes:
        score: How sure it is, from 0 to 1.
        corners: Left, top, right and bottom in pixels of the photograph, ``[4]``.
        eyes: Both eyes, x and y in pixels of the photograph, ``[2, 2]``.
    """

    score: float
    corners: Vector
    eyes: Vector


class MeshFinder:
    """Finds faces with BlazeFace and locates 468 points of each with FaceMesh.

    A photograph is searched whole and in overlapping windows of a half, a quarter and an eighth of its longer side, all
    of them turned all four ways.
    """

    def __init__(self) -> None:
        self._detector, self._mesh = BlazeFace(), FaceMesh()

    def find(self, photo: Image.Image) -> list[Face]:
        """The faces of an RGB photograph, from left to right."""
        faces: list[Face] = []
        located = [(box, self._locate(photo, box)) for box in _merged(list(self._boxes(photo)))]
        found = [(box.score * face.confidence, face) for box, face in located if face is not None]
        for _, face in sorted(found, key=lambda pair: -pair[0]):
            if not any(_is_same(face, other) for other in faces):
                faces.append(face)
        return sorted(faces, key=lambda face: float(face.oval[:, 0].mean()))

    def _boxes(self, photo: Image.Image) -> Iterator[Box]:
        for windows, origins, side in _searched(photo):
            for turns in range(4):
                with torch.inference_mode():
                    logits, places = self._detector(windows.rot90(turns, (2, 3)))
                for window, anchor in (logits.sigmoid() > LIKELY).nonzero().tolist():
                    points = places[window, anchor].double().numpy().reshape(-1, 2)
                    for _ in range(turns):
                        points = _turned_back(points)
                    yield _box(float(logits[window, anchor].sigmoid()), points, origins[window], side)

    def _locate(self, photo: Image.Image, box: Box) -> Face | None:
        """The face in a box, if it is one."""
        middle, size = (box.corners[:2] + box.corners[2:]) / 2, float((box.corners[2:] - box.corners[:2]).max())
        crop = _square(middle, size, box.eyes[1] - box.eyes[0])
        for _ in range(ROUNDS):
            if crop.share_outside(photo) > 0.9:
                return None
            with torch.inference_mode():
                points, logit = self._mesh(_as_tensor(cut(photo, crop, MESH_SIDE, "edge"))[None])
            mesh = _in_photo(points[0].double().numpy(), crop)
            crop, before = _around(mesh[:, :2]), crop
            if np.abs(crop.corners - before.corners).max() < SETTLED * crop.side:
                break
        face = _face(mesh, float(logit.double().sigmoid()))
        return face if face.confidence > PRESENT and np.ptp(face.oval, axis=0).min() >= SMALLEST else None


def _searched(photo: Image.Image) -> Iterator[tuple[Tensor, Vector, float]]:
    """Windows ``[n, 3, 128, 128]`` in [0, 1], their upper left corners in the photograph, and their side there."""
    side = float(max(photo.size))
    for level in range(LEVELS):
        if level and side < DETECTOR_SIDE:
            return
        scale = DETECTOR_SIDE / side
        size = [max(1, round(length * scale)) for length in photo.size]
        reduced = _as_tensor(photo.resize((size[0], size[1]), Image.Resampling.BILINEAR, reducing_gap=3.0))
        lefts, tops = (range(0, max(1, length - DETECTOR_SIDE + STRIDE), STRIDE) for length in size)
        origins = [(left, top) for top in tops for left in lefts]
        padded = torch.zeros(3, max(tops) + DETECTOR_SIDE, max(lefts) + DETECTOR_SIDE)
        padded[:, : size[1], : size[0]] = reduced[:, : padded.shape[1], : padded.shape[2]]
        for first in range(0, len(origins), AT_ONCE):
            batch = origins[first : first + AT_ONCE]
            windows = [padded[:, top : top + DETECTOR_SIDE, left : left + DETECTOR_SIDE] for left, top in batch]
            yield torch.stack(windows), np.array(batch) / scale, side
        side /= 2


def _turned_back(points: Vector) -> Vector:
    """Where points of a square, in its sides, were before it was turned by a right angle to the left."""
    turned: Vector = np.stack([1 - points[:, 1], points[:, 0]], 1)
    turned[1] = points[1, ::-1]
    return turned


def _box(score: float, points: Vector, origin: Vector, side: float) -> Box:
    """A box in the photograph; ``points`` begins with its middle and sides, in windows."""
    middle, sides = points[0], points[1]
    corners = np.concatenate([middle - sides / 2, middle + sides / 2])
    return Box(score, np.tile(origin, 2) + corners * side, origin + points[2:4] * side)


def _merged(boxes: list[Box]) -> Iterator[Box]:
    """The mean of all boxes on a face that look the same way, weighted by their scores; in doubt one for each way."""
    left = sorted(boxes, key=lambda box: -box.score)
    while left:
        agreeing = [
            box for box in left if _overlap(box.corners, left[0].corners) > SAME and _agree(box.eyes, left[0].eyes)
        ]
        weights = np.array([box.score for box in agreeing])
        yield Box(
            left[0].score,
            np.average([box.corners for box in agreeing], axis=0, weights=weights),
            np.average([box.eyes for box in agreeing], axis=0, weights=weights),
        )
        merged = {id(box) for box in agreeing}
        left = [box for box in left if id(box) not in merged]


def _overlap(first: Vector, second: Vector) -> float:
    """The share of the union of two boxes, left, top, right and bottom, that both cover."""
    common = _common(first, second)
    return common / (_area(first) + _area(second) - common)


def _common(first: Vector, second: Vector) -> float:
    return _area(np.concatenate([np.maximum(first[:2], second[:2]), np.minimum(first[2:], second[2:])]))


def _area(box: Vector) -> float:
    return float(np.maximum(box[2:] - box[:2], 0).prod())


def _agree(first: Vector, second: Vector) -> bool:
    """Whether two pairs of eyes are within 45 degrees of each other."""
    one, other = first[1] - first[0], second[1] - second[0]
    return float(one @ other) > 0.7 * float(np.hypot(*one) * np.hypot(*other))


def _is_same(face: Face, other: Face) -> bool:
    one, two = (np.concatenate([each.oval.min(0), each.oval.max(0)]) for each in (face, other))
    return _common(one, two) > WITHIN * min(_area(one), _area(two))


def _square(middle: Vector, size: float, across: Vector) -> FaceCrop:
    """The square in which points are located, upright along the line between the eyes."""
    right = across / np.hypot(*across) * size * ROOM / 2
    return FaceCrop((float(middle[0]), float(middle[1])), (float(right[0]), float(right[1])))


def _around(mesh: Vector) -> FaceCrop:
    across = mesh[EYES[1][0]] - mesh[EYES[0][0]]
    right = across / np.hypot(*across)
    axes = np.array([right, [-right[1], right[0]]])
    turned = mesh @ axes.T
    low, high = turned.min(0), turned.max(0)
    return _square((low + high) / 2 @ axes, float((high - low).max()), across)


def _in_photo(points: Vector, crop: FaceCrop) -> Vector:
    """Points of a crop ``[n, 3]``, in its sides, in the photograph; depths are scaled alike."""
    corners = crop.corners
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    places = corners[0] + points[:, :1] * across + points[:, 1:2] * down
    return np.concatenate([places, points[:, 2:] * crop.side], 1)


def _face(mesh: Vector, confidence: float) -> Face:
    flat = mesh[:, :2]
    left, right = (mesh[corner] for corner in TEMPLES)
    aside = np.degrees(np.arctan2(abs(right[2] - left[2]), np.hypot(*(right - left)[:2])))
    eyes = np.array([flat[list(contour)].mean(0) for contour in EYES])
    doubts = doubts_of(confidence, surely=SURE, is_frontal=bool(aside < FRONTAL))
    return Face(eyes, flat[list(MOUTH)].mean(0), flat[list(OVAL)], confidence, doubts)


def _as_tensor(picture: Image.Image) -> Tensor:
    pixels: NDArray[np.uint8] = np.array(picture)
    return torch.from_numpy(pixels).movedim(-1, 0).float() / 255
