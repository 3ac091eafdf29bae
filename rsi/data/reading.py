"""Reading one picture from a file: its pixels, its transparency and how it was coded."""

import errno
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageCms, UnidentifiedImageError
from PIL.ExifTags import Base
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor

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


_RGB_IDS = [ord(letter) for letter in "RGB"]


def why_not_modelled(image: JpegImageFile) -> str | None:
    """What keeps a JPEG from being modelled as YCbCr or grey 8x8 blocks; ``None`` if nothing does."""
    if len(image.layer) == 4:
        return "its colours are CMYK"
    if _stores_rgb(image):
        return "it stores RGB instead of YCbCr"
    if any(table not in image.quantization for _, _, _, table in image.layer):
        return "a quantisation table is missing from its header"
    (_, across, down, _), *chroma = image.layer
    factors = {(h, v) for _, h, v, _ in chroma}
    if len(factors) > 1:
        return "its two chroma channels are sampled differently"
    if any(across % h or down % v for h, v in factors):
        return "its luma is not sampled a whole number of times as densely as its chroma"
    return None


def read_header(image: JpegImageFile, orientation: int) -> JpegHeader:
    """The header of a JPEG that :func:`why_not_modelled` has nothing against.

    Args:
        image: An opened file; a grey one gives its only table three times.
        orientation: Its EXIF orientation, 1 to 8.

    Source: ITU-T T.81, B.2.2 (sampling factors) and B.2.4.1 (quantisation tables).
    """
    gray = len(image.layer) == 1
    layers = image.layer * 3 if gray else image.layer
    tables = torch.tensor([image.quantization[table] for *_, table in layers], dtype=torch.float32)
    (_, across, down, _), (_, chroma_across, chroma_down, _), _ = layers
    return JpegHeader(
        tables=tables.reshape(3, 8, 8),
        sampling=(across // chroma_across, down // chroma_down),
        grayscale=gray,
        orientation=orientation,
    )


def _stores_rgb(image: JpegImageFile) -> bool:
    """Whether three components mean RGB, by libjpeg's rules: JFIF, else Adobe's marker, else the names."""
    if len(image.layer) != 3 or "jfif" in image.info:
        return False
    if "adobe_transform" in image.info:
        return bool(image.info["adobe_transform"] == 0)
    return [identifier for identifier, *_ in image.layer] == _RGB_IDS


_BITS_PER_SAMPLE, _PHOTOMETRIC, _WHITE_IS_ZERO = 258, 262, 0  # TIFF 6.0 tags


def to_tensors(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    """The colours of a loaded image, and its alpha channel if it has one.

    Grey images of 12 and 16 bits, integers and floats keep their precision. Floats may reach to 1, 255 or
    65535: the smallest that holds them all is white.

    Returns:
        RGB ``[3, H, W]`` and alpha ``[1, H, W]``, float32 in [0, 1].

    Raises:
        ValueError: Samples are not finite or lie outside [0, 65535], or Pillow cannot turn the mode to RGB.
    """
    if image.mode[0] in "IF":
        return _deep_gray(image)
    if image.mode == "LAB":
        return _bytes_to_tensor(_lab_to_rgb(image)), None
    if not image.has_transparency_data:
        return _bytes_to_tensor(image.convert("RGB")), None
    straight = image.convert("LA") if image.mode == "La" else image
    rgba = _bytes_to_tensor(straight.convert("RGBA"))
    return rgba[:3], rgba[3:]


def _bytes_to_tensor(image: Image.Image) -> Tensor:
    pixels = torch.from_numpy(np.array(image))
    return pixels.permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("LAB colours could not be turned to RGB")
    return converted


def _deep_gray(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    samples = np.array(image)
    low, high = float(samples.min()), float(samples.max())
    if not (low >= 0 and high <= 65535):  # written so that NaN fails
        raise ValueError(f"samples reach from {low:g} to {high:g}, only 0 to 65535 can be read")
    gray = torch.from_numpy(samples.astype(np.float32)).div(_white(image, high))
    if image.mode.startswith("I;16") and _tiff_tag(image, _PHOTOMETRIC) == _WHITE_IS_ZERO:
        gray = 1 - gray
    hole = image.info.get("transparency")
    alpha = None if hole is None else torch.from_numpy(samples != hole).float()[None]
    return gray.expand(3, -1, -1).contiguous(), alpha


def _white(image: Image.Image, high: float) -> float:
    if image.mode == "F":
        return next(white for white in (1.0, 255.0, 65535.0) if high <= white)
    return 4095.0 if _tiff_tag(image, _BITS_PER_SAMPLE) == (12,) else 65535.0


def _tiff_tag(image: Image.Image, tag: int) -> object:
    return getattr(image, "tag_v2", {}).get(tag)
