"""Reading one picture from a file: its pixels, its transparency and how it was coded."""

import errno
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from PIL import Image, ImageCms, PngImagePlugin, UnidentifiedImageError, features
from PIL.ExifTags import Base
from PIL.JpegImagePlugin import JpegImageFile
from torch import Tensor

from rsi.data.decoded import STATED_DEGRADATION, Picture
from rsi.data.formats import HEAD, READABLE, READABLE_IN_WORDS, kind_of
from rsi.data.jpeg_header import rare_coding, read_header, why_not_modelled
from rsi.data.target import NOT_MODELLED
from rsi.data.tiff import read_tiff
from rsi.data.white_level import find_white, to_unit
from rsi.errors import InputError
from rsi.imports.extras import install_command

LONGEST_TEXT = 64 * 2**20  # bytes of a profile or text in a PNG; Pillow's 1 MB is less than editors write


def read_picture(path: Path) -> Picture:
    """Reads a PNG, JPEG, WebP, TIFF, BMP, AVIF or HEIC file; its content decides which, not its suffix.

    Raises:
        InputError: The file is missing, empty, damaged, cut off, too large or of another kind, or what is white in it
            cannot be known.
    """
    try:
        if path.stat().st_size == 0:
            raise InputError("the file is empty")
        with path.open("rb") as file:
            picture = _read(file)
        if not picture.rgb.numel():
            raise InputError("it is a picture without pixels")
        return picture
    except Exception as error:  # decoders of damaged files raise nearly anything
        raise InputError(f"{str(path)!r} cannot be read: {_reason(error)}") from error


def _read(file: BinaryIO) -> Picture:
    kind = kind_of(file.read(HEAD))
    if kind is None:
        raise InputError(f"it is not an intact picture of a kind that is read, which are {READABLE_IN_WORDS}")
    if kind not in READABLE:
        raise InputError(f"it is a {kind} file, which is not read: save it as PNG")
    file.seek(0)
    if kind == "TIFF" and (picture := read_tiff(file)) is not None:
        return picture
    file.seek(0)
    try:
        with _pillow_set_up(), Image.open(file, formats=[_name_in_pillow(kind)]) as image:
            return decode(image)
    except (OSError, SyntaxError) as error:
        if kind == "JPEG" and (coding := rare_coding(file)):
            raise InputError(f"it is a {coding}, which is not read: save it as an ordinary JPEG or PNG") from error
        if isinstance(error, UnidentifiedImageError):
            raise InputError(f"it is not an intact {kind} picture, or coded in a rare way: save it as PNG") from error
        raise


@contextmanager
def _pillow_set_up() -> Iterator[None]:
    """No warnings but of pictures that are too large, and no limit on text that intact files exceed."""
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = LONGEST_TEXT, 4 * LONGEST_TEXT
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = limits


def _name_in_pillow(kind: str) -> str:
    """What Pillow calls a kind, once it can read it.

    Raises:
        InputError: A library is missing that reads it.
    """
    if kind == "HEIC":
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise InputError(f"it is a HEIC picture: {install_command('heic')} to read it, or save it as PNG") from None
        register_heif_opener()
        return "HEIF"
    if kind == "AVIF" and not features.check("avif"):
        raise InputError("it is an AVIF picture and Pillow was built without AVIF: install its wheel from PyPI")
    return kind.upper()


def decode(image: Image.Image) -> Picture:
    """What Pillow has opened, or made, as a picture.

    Raises:
        InputError: What is white in it cannot be known.
    """
    has_words = image.mode[0] != "I" and any(";16" in str(tile) for tile in getattr(image, "tile", []))
    notes = _what_is_left_out(image, 16 if has_words else image.info.get("bit_depth", 8))  # the latter of HEIC
    image.load()
    orientation = _read_orientation(image)
    jpeg = None
    if isinstance(image, JpegImageFile):
        obstacle = why_not_modelled(image)
        if obstacle is None:
            jpeg = read_header(image, orientation)
        else:
            notes.append(f"{NOT_MODELLED}, {obstacle}")
    if image.mode.startswith("I;16"):
        rgb, alpha, note = _deep_gray(image)
        notes += [note] if note else []
    else:
        rgb, alpha = to_tensors(image)
        if has_words:
            _check_bright(rgb, alpha)
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P", "PA") else None
    return Picture(rgb, alpha, jpeg, orientation, tuple(notes), profile, str(image.info.get(STATED_DEGRADATION, "")))


def _what_is_left_out(image: Image.Image, depth: int) -> list[str]:
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("only the first of its frames is read")
    if depth > 8:
        notes.append(f"its {depth}-bit colours are read with 8 bits")
    return notes


def _check_bright(rgb: Tensor, alpha: Tensor | None) -> None:
    """As :func:`rsi.data.white_level.find_white` does, for 16-bit colours that Pillow has cut to their upper 8 bits."""
    brightest = rgb.max().item()
    if brightest <= 1 / 4 and not (brightest == 0 and alpha is not None):
        raise InputError(
            "its 16-bit colours fill less than a quarter of their range, perhaps with fewer bits, so that what is "
            "white cannot be known: scale them to 0 to 255 and save 8 bits"
        )


def _read_orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(Base.Orientation)
    except Exception:  # malformed EXIF says nothing, and raises nearly anything
        return 1
    return int(value) if value is not None and value in range(1, 9) else 1


def _reason(error: Exception) -> str:
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return f"it declares more than {Image.MAX_IMAGE_PIXELS} pixels, scale it down"
    if isinstance(error, FileNotFoundError):
        return os.strerror(errno.ENOENT)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, InputError):
        return text
    if "MAX_TEXT" in text or "text chunks" in text:
        return f"its text or colour profile has more than {LONGEST_TEXT >> 20} MB: save it without"
    return f"it is damaged, cut off or coded in a rare way ({text}): take another copy, or save it as PNG"


def to_tensors(image: Image.Image) -> tuple[Tensor, Tensor | None]:
    """The colours of a loaded image of 8 bits, and its alpha channel if it has one.

    Returns:
        RGB ``[3, H, W]`` and alpha ``[1, H, W]``, float32 in [0, 1].

    Raises:
        ValueError: Pillow cannot turn the mode to RGB.
    """
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


def _deep_gray(image: Image.Image) -> tuple[Tensor, Tensor | None, str | None]:
    """Colours and alpha of a grey image of 16 bits, and what had to be understood."""
    samples = np.array(image)
    white, note = find_white(samples, 16)
    gray = torch.from_numpy(to_unit(samples, white))
    hole = image.info.get("transparency")
    alpha = None if hole is None else torch.from_numpy(samples != hole).float()[None]
    return gray.expand(3, -1, -1).contiguous(), alpha, note
