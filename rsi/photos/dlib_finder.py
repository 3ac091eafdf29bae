"""Finds faces with dlib, as those of FFHQ were found."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.errors import InputError
from rsi.imports.extras import check_extra
from rsi.photos.face import Face, Vector, doubts_of
from rsi.photos.face_crop import crop_around, cut

DETECTION_SIDE = 1280
SMALLEST_SIDE = 64  # what is smaller is framed: below 10 px dlib writes outside its memory
FRONTAL = 0.3  # frontal faces are above it, those in profile below 0
SURE = 0.6
MODELS = "face_recognition_models"


class DlibFinder:
    """Finds faces with dlib's max-margin network (King 2015) and 68 landmarks with regression trees (Kazemi 2014).

    These are the landmarks that FFHQ was cropped by. Both models come in a package; nothing is downloaded.

    Raises:
        InputError: The packages are not installed.
    """

    def __init__(self) -> None:
        dlib, models = _load()
        self._detect = dlib.cnn_face_detection_model_v1(str(models / "mmod_human_face_detector.dat"))
        self._locate = dlib.shape_predictor(str(models / "shape_predictor_68_face_landmarks.dat"))
        self._frontal = dlib.get_frontal_face_detector()
        self._rectangle = dlib.rectangle

    def find(self, photo: Image.Image) -> list[Face]:
        """The faces of an RGB photograph, from left to right.

        Photographs of more than 1280 px are searched at that size; landmarks are found at full size.

        Raises:
            InputError: dlib cannot search it.
        """
        scale = min(1.0, DETECTION_SIDE / max(photo.size))
        try:
            faces = [self._face(photo, found, scale) for found in self._detect(_searched(photo, scale), 0)]
        except RuntimeError as error:
            raise InputError(f"dlib cannot search it: {' '.join(str(error).split())}") from None
        return sorted(faces, key=lambda face: float(face.oval[:, 0].mean()))

    def _is_frontal(self, photo: Image.Image, face: Face) -> bool:
        aligned = cut(photo, crop_around(face), 256)
        boxes, scores, _ = self._frontal.run(np.asarray(aligned), 0, -2.0)
        middle = [score for box, score in zip(boxes, scores, strict=True) if box.contains(128, 128)]
        return max(middle, default=-2.0) > FRONTAL

    def _face(self, photo: Image.Image, found: Any, scale: float) -> Face:  # noqa: ANN401 - dlib has no types
        sides = [
            round(side / scale)
            for side in (found.rect.left(), found.rect.top(), found.rect.right(), found.rect.bottom())
        ]
        shape = self._locate(np.asarray(photo), self._rectangle(*sides))
        landmarks = np.array([(point.x + 0.5, point.y + 0.5) for point in shape.parts()])
        eyes = np.array([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
        face = Face(eyes, (landmarks[48] + landmarks[54]) / 2, _oval(landmarks), float(found.confidence))
        is_frontal = self._is_frontal(photo, face)
        return replace(face, doubts=doubts_of(face.confidence, surely=SURE, is_frontal=is_frontal))


def _oval(landmarks: Vector) -> Vector:
    """The jaw, and for the forehead its mirror image above the line between its ends, six tenths as high."""
    jaw = landmarks[:17]
    ends = jaw[-1] - jaw[0]
    outwards = np.array([ends[1], -ends[0]]) / np.hypot(*ends)
    forehead = jaw[-2:0:-1] - jaw[0]
    return np.concatenate([jaw, jaw[0] + forehead - 1.6 * (forehead @ outwards)[:, None] * outwards])


def _searched(photo: Image.Image, scale: float) -> NDArray[np.uint8]:
    """The photograph at a scale; a side that is then too short for dlib is extended to the right or below."""
    width, height = (max(1, round(side * scale)) for side in photo.size)
    pixels = np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS))
    return np.pad(pixels, ((0, max(0, SMALLEST_SIDE - height)), (0, max(0, SMALLEST_SIDE - width)), (0, 0)))


def _load() -> tuple[Any, Path]:
    check_extra("faces", "--detector dlib")
    package: Any = importlib.util.find_spec(MODELS)
    return importlib.import_module("dlib"), Path(package.submodule_search_locations[0]) / "models"
