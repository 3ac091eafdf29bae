"""Pictures of a page: inside it or, where there are many, in files beside it."""

import base64
import io
import math
import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from PIL import Image

from rsi.results.layout import PAGE_FILES
from rsi.storage.atomic import atomic_path, check_inside

MOST_EMBEDDED = 300  # images; the pictures of more are files beside the page
PAGE_BYTES = 32_000_000
BYTES_PER_PIXEL = 0.6  # of all pictures of an image together, in base64, per pixel of the largest; noise doubles it
LARGEST_SIDE = 1024
SIDE_OF_FILES = 512
QUALITY = 88


class Place(Protocol):
    """Puts a picture where the page finds it."""

    def __call__(self, picture: Image.Image, name: str, shown: Path, *, lossless: bool = False) -> str:
        """The address that the page has for a picture.

        Args:
            picture: The picture.
            name: What it is called, if it becomes a file of its own.
            shown: The file that it was made from.
            lossless: Keep every pixel as it is.
        """


def picture_side(images: int) -> int:
    """The side in pixels that pictures are reduced to: a page that holds them has about 32 MB at most."""
    if images > MOST_EMBEDDED:
        return SIDE_OF_FILES
    affordable = math.sqrt(PAGE_BYTES / (max(images, 1) * BYTES_PER_PIXEL))
    return round(min(affordable, LARGEST_SIDE))


def reduced(picture: Image.Image, side: int) -> Image.Image:
    """The picture, made smaller if its larger side is above ``side`` pixels."""
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    return smaller


def placing(images: int, folder: Path) -> Place:
    """How a page of so many images has its pictures: as ``data:`` URIs, or as files in a folder of ``folder``.

    A file that is there has the time of what it shows, and is written again only if that has another time now.
    """
    if images <= MOST_EMBEDDED:
        return embed
    check_inside(folder / PAGE_FILES, folder)

    def write(picture: Image.Image, name: str, shown: Path, *, lossless: bool = False) -> str:
        file = f"{PAGE_FILES}/{name}.webp"
        check_inside(folder / file, folder)
        time = shown.stat().st_mtime_ns
        if not (folder / file).is_file() or (folder / file).stat().st_mtime_ns != time:
            with atomic_path(folder / file) as path:
                path.write_bytes(_webp(picture, lossless=lossless))
            with suppress(OSError):  # some mounts refuse
                os.utime(folder / file, ns=(time, time))
        return quote(os.fsencode(file))

    return write


def embed(picture: Image.Image, name: str, shown: Path, *, lossless: bool = False) -> str:  # noqa: ARG001 - as Place
    """The picture as a WebP ``data:`` URI."""
    return f"data:image/webp;base64,{base64.b64encode(_webp(picture, lossless=lossless)).decode()}"


def _webp(picture: Image.Image, *, lossless: bool) -> bytes:
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=QUALITY, lossless=lossless, method=4)
    return file.getvalue()
