"""Reading one picture from a file."""

import errno
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor

from rsi.data.jpeg_header import read_header, why_not_modelled
from rsi.data.modes import to_tensors
from rsi.data.orientation import upright
from rsi.data.target import NOT_MODELLED, JpegHeader
from rsi.errors import InputError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")


@dataclass(frozen=True)
class Picture:
    """A decoded file.

    Attributes:
        rgb: ``[3, H, W]`` float32 in [0, 1], in the file's orientation.
        alpha: ``[1, H, W]`` float32 in [0, 1], if the file has transparency.
        jpeg: The JPEG header, if the file is a JPEG that can be modelled.
        orientation: EXIF orientation, 1 to 8; 1 where the file says none or nonsense.
        notes: What the file holds beyond what is read here, in words.
    """

    rgb: Tensor
    alpha: Tensor | None = None
    jpeg: JpegHeader | None = None
    orientation: int = 1
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        """Width and height of the upright picture, as ``WxH``."""
        height, width = upright(self.rgb, self.orientation).shape[-2:]
        return f"{width}x{height}"


def read_picture(path: Path) -> Picture:
    """Reads a PNG, JPEG, WebP, TIFF or BMP file; its content decides which, not its suffix.

    Raises:
        InputError: The file is missing, empty, damaged, cut off, too large or of another kind.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with path.open("rb") as file, Image.open(file, formats=FORMATS) as image:
                return _decode(image)
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise InputError(f"{str(path)!r} cannot be read: {_reason(error)}") from error


def _decode(image: ImageFile) -> Picture:
    notes = _what_is_left_out(image)
    image.load()
    orientation = _read_orientation(image)
    jpeg = None
    if isinstance(image, JpegImageFile):
        obstacle = why_not_modelled(image)
        if obstacle is None:
            jpeg = read_header(image, orientation)
        else:
            notes.append(f"{NOT_MODELLED}, {obstacle}")
    rgb, alpha = to_tensors(image)
    return Picture(rgb, alpha, jpeg, orientation, tuple(notes))


def _what_is_left_out(image: ImageFile) -> list[str]:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("only the first of its frames is read")
    if image.mode[0] != "I" and any(";16" in str(tile) for tile in image.tile):
        notes.append("its 16-bit colours are read with 8 bits")
    return notes


def _read_orientation(image: ImageFile) -> int:
    try:
        value = image.getexif().get(Base.Orientation)
    except Exception:  # malformed EXIF says nothing, and raises nearly anything
        return 1
    return int(value) if value is not None and value in range(1, 9) else 1


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "it is not an intact PNG, JPEG, WebP, TIFF or BMP picture"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it declares more than {Image.MAX_IMAGE_PIXELS} pixels, scale it down"
    if isinstance(error, FileNotFoundError):
        return os.strerror(errno.ENOENT)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    return f"it is damaged or cut off ({text})" if isinstance(error, OSError | SyntaxError) else text
