"""Cutting a face out with what is unknown of it."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.photos.face_crop import FaceCrop, cut


def cut_with_holes(photo: Image.Image, crop: FaceCrop, size: int, known: NDArray[np.bool_] | None) -> Image.Image:
    """A crop as :func:`rsi.photos.face_crop.cut` makes it; what it takes from unknown pixels is transparent.

    Args:
        photo: RGB.
        crop: Where to cut.
        size: Width and height of the result.
        known: ``[h, w]``, which pixels of the photograph are known; ``None`` if all are.
    """
    picture = cut(photo, crop, size)
    if known is not None:
        mask = Image.fromarray(np.where(known, 255, 0).astype(np.uint8)).convert("RGB")
        opaque = np.asarray(cut(mask, crop, size).getchannel(0)) == 255
        picture.putalpha(Image.fromarray(np.where(opaque, 255, 0).astype(np.uint8)))
    return picture
