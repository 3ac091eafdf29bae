"""Finds faces and their landmarks in a photograph."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.errors import InputError
from rsi.imports.extras import check_extra

DETECTION_SIDE = 1280
SMALLEST_SIDE = 64  # what is smaller is framed: below 10 px dlib writes outside its memory
MODELS = "face_recognition_models"


@dataclass(frozen=True)
class Face:
    """A face in a photograph.

    Attributes:
        landmarks: ``[68, 2]``, x and y in pixels from the photograph's upper left corner, in the order of iBUG 300-W.
        confidence: The detector's score, above 0; sure ones are near 1.
    """

    landmarks: NDArray[np.float64]
    confidence: float


class FaceFinder:
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
        pixels = np.asarray(photo)
        try:
            faces = [self._face(pixels, found, scale) for found in self._detect(_searched(photo, scale), 0)]
        except RuntimeError as error:
            raise InputError(f"dlib cannot search it: {' '.join(str(error).split())}") from None
        return sorted(faces, key=lambda face: float(face.landmarks[:, 0].mean()))

    def frontal_score(self, aligned: Image.Image) -> float:
        """How much an aligned face looks like one seen from the front: above 0.3 it does, in profile it is below 0."""
        boxes, scores, _ = self._frontal.run(np.asarray(aligned.resize((256, 256))), 0, -2.0)
        return max((score for box, score in zip(boxes, scores, strict=True) if box.contains(128, 128)), default=-2.0)

    def _face(self, pixels: NDArray[np.uint8], found: Any, scale: float) -> Face:  # noqa: ANN401 - dlib has no types
        sides = [
            round(side / scale)
            for side in (found.rect.left(), found.rect.top(), found.rect.right(), found.rect.bottom())
        ]
        shape = self._locate(pixels, self._rectangle(*sides))
        landmarks = np.array([(point.x + 0.5, point.y + 0.5) for point in shape.parts()])
        return Face(landmarks, float(found.confidence))


def _searched(photo: Image.Image, scale: float) -> NDArray[np.uint8]:
    """The photograph at a scale; a side that is then too short for dlib is extended to the right or below."""
    width, height = (max(1, round(side * scale)) for side in photo.size)
    pixels = np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS))
    return np.pad(pixels, ((0, max(0, SMALLEST_SIDE - height)), (0, max(0, SMALLEST_SIDE - width)), (0, 0)))


def _load() -> tuple[Any, Path]:
    check_extra("faces", "finding faces")
    package: Any = importlib.util.find_spec(MODELS)
    return importlib.import_module("dlib"), Path(package.submodule_search_locations[0]) / "models"
