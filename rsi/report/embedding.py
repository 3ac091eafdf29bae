"""Pictures inside a page, small enough that a page of many stays usable."""

import base64
import io
import math

from PIL import Image

PAGE_BYTES = 32_000_000
BYTES_PER_PIXEL = 0.6  # of all pictures of an image together, in base64, per pixel of the largest; noise doubles it
SMALLEST_SIDE, LARGEST_SIDE = 192, 1024
QUALITY = 88


def picture_side(images: int) -> int:
    """The side in pixels that pictures are reduced to, so that a page of so many images has about 32 MB at most."""
    affordable = math.sqrt(PAGE_BYTES / (max(images, 1) * BYTES_PER_PIXEL))
    return round(min(max(affordable, SMALLEST_SIDE), LARGEST_SIDE))


def reduced(picture: Image.Image, side: int) -> Image.Image:
    """The picture, made smaller if its larger side is above ``side`` pixels."""
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    return smaller


def data_uri(picture: Image.Image, *, lossless: bool = False) -> str:
    """The picture as a WebP ``data:`` URI."""
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, lossless=lossless, method=4)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
