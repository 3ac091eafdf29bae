"""Writing a photograph again in the format that it came in."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from rsi.photos.photograph import Photograph, is_grey

AUTO = "auto"
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP"}
PLAIN_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # at most 8 bits of grey or RGB
WITHOUT_ALPHA = ("JPEG", "BMP")
SAVED_AS: Mapping[str, Mapping[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
}


@dataclass(frozen=True)
class Form:
    """How a picture's file is made.

    Attributes:
        kind: Its format, as Pillow calls it; empty if Pillow cannot read it.
        is_grey: It stores one channel.
        is_plain: Pillow can write all that it stores.
        coding: Further settings with which Pillow writes it.
    """

    kind: str
    is_grey: bool = False
    is_plain: bool = False
    coding: Mapping[str, Any] = field(default_factory=dict)


class Written(NamedTuple):
    """A file.

    Attributes:
        content: Its bytes.
        suffix: Its suffix with the dot.
        remark: What is to be said of its format; empty if nothing.
    """

    content: bytes
    suffix: str
    remark: str = ""


def write_again(photo: Photograph, picture: Image.Image, source: Path, ext: str) -> Written:
    """Other colours of the same size with all else that a photograph carries, in its file's format or another.

    JPEG is written with the quantisation tables and the chroma sampling of the file. What has more than 8 bits, four
    inks or moving pictures becomes PNG.

    Args:
        photo: The photograph.
        picture: The colours, RGB.
        source: The photograph's file.
        ext: ``auto`` for the format and suffix of the file, or one of ``FORMATS``.
    """
    form = _form_of(source)
    if ext != AUTO:
        chosen = FORMATS[ext]
        return Written(_encoded(photo, picture, form if chosen == form.kind else Form(chosen)), f".{ext}")
    if not form.is_plain:
        return Written(photo.with_colours(picture), ".png", "its own format cannot be written again")
    return Written(_encoded(photo, picture, form), source.suffix)


def suffix_of(source: Path, ext: str) -> str:
    """The suffix that :func:`write_again` gives the file, with the dot."""
    if ext != AUTO:
        return f".{ext}"
    return source.suffix if _form_of(source).is_plain else ".png"


def _form_of(source: Path) -> Form:
    try:
        with Image.open(source) as file:
            kind, is_still = file.format or "", getattr(file, "n_frames", 1) == 1
            is_plain = kind in FORMATS.values() and file.mode in PLAIN_MODES and is_still
            return Form(kind, file.mode == "L", is_plain, _coding(file))
    except OSError:
        return Form("")


def _coding(file: Image.Image) -> dict[str, Any]:
    """What a file of the same kind needs to be coded as this one is."""
    if isinstance(file, JpegImageFile) and file.mode in ("L", "RGB"):
        sampling = get_sampling(file)
        return {"quality": -1, "qtables": file.quantization, **({"subsampling": sampling} if sampling >= 0 else {})}
    if file.format == "TIFF" and file.info.get("compression") != "jpeg":
        return {"compression": file.info.get("compression")}
    return {}


def _encoded(photo: Photograph, picture: Image.Image, form: Form) -> bytes:
    if photo.alpha is not None and form.kind not in WITHOUT_ALPHA:
        picture = picture.copy()
        picture.putalpha(photo.alpha)
    elif form.is_grey and is_grey(picture):
        picture = picture.convert("L")
    fits = photo.profile[16:20] == (b"GRAY" if picture.mode == "L" else b"RGB ")  # ICC.1:2022, table 17
    carried: dict[str, Any] = {"icc_profile": photo.profile} if fits else {}
    carried |= {"exif": photo.exif} if photo.exif and form.kind != "BMP" else {}
    carried |= {"dpi": photo.dpi} if photo.dpi else {}
    file = io.BytesIO()
    picture.save(file, form.kind, **{**SAVED_AS[form.kind], **form.coding}, **carried)
    return file.getvalue()
