"""A face in a photograph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
ASIDE = "seen from the side, lying or partly hidden: the crop may be off and the result wrong"


@dataclass(frozen=True)
class Face:
    """A face in a photograph; points are x and y in pixels from the photograph's upper left corner.

    Attributes:
        eyes: ``[2, 2]``, the middles of both eyes, the one on the left of an upright face first.
        mouth: ``[2]``, the middle between the corners of the mouth.
        oval: ``[n, 2]``, the corners of its outline, from the chin to the hairline.
        confidence: The detector's, above 0; sure ones are near 1.
        doubts: What the detector is not sure of, in words.
    """

    eyes: Vector
    mouth: Vector
    oval: Vector
    confidence: float
    doubts: tuple[str, ...] = ()


def doubts_of(confidence: float, *, surely: float, is_frontal: bool) -> tuple[str, ...]:
    """What is to be said of a face that is not seen from the front, or not surely one."""
    unsure = f"the detector is not sure of it ({confidence:.2f})"
    return *(() if is_frontal else (ASIDE,)), *(() if confidence >= surely else (unsure,))
