"""Openly licensed photographs that scikit-image ships."""

from typing import Any

import skimage.data
from PIL import Image

scikit_image: Any = skimage


def photograph(name: str) -> Image.Image:
    """One of ``skimage.data``, RGB."""
    return Image.fromarray(getattr(scikit_image.data, name)()).convert("RGB")
