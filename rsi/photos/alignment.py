"""Whether a picture is a face cut out as FFHQ was made."""

import numpy as np
from PIL import Image

from rsi.photos.face_crop import FaceCrop, crop_around
from rsi.photos.face_finder import FaceFinder

SEARCHED = 512
SHIFT = 0.1
ZOOM = 1.25
DEGREES = 12.0


def why_not_aligned(picture: Image.Image, finder: FaceFinder) -> str | None:
    """What tells that a picture is no aligned face, in words; ``None`` if it looks like one.

    Args:
        picture: RGB; small ones are enlarged to be searched.
        finder: Finds the faces.
    """
    scale = max(1.0, SEARCHED / max(picture.size))
    enlarged = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC)
    faces = finder.find(enlarged)
    if not faces:
        return "no face is found in it"
    crops = [crop_around(face) for face in faces]
    return _difference(max(crops, key=lambda crop: crop.side), enlarged)


def _difference(crop: FaceCrop, picture: Image.Image) -> str | None:
    side = min(picture.size)
    angle = float(np.degrees(np.arctan2(crop.right[1], crop.right[0])))
    shift = np.hypot(crop.center[0] - picture.width / 2, crop.center[1] - picture.height / 2) / side
    if abs(angle) > DEGREES:
        return f"its face is turned by {abs(angle):.0f} degrees"
    if not 1 / ZOOM < crop.side / side < ZOOM:
        return f"its face is {'larger' if crop.side > side else 'smaller'} than an aligned one"
    return "its face is not in the middle" if shift > SHIFT else None
