"""Writing a photograph again in the format that it came in."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile

from rsi.photos.photograph import Photograph, is_grey
from rsi.photos.tiff_tags import with_exif

AUTO = "auto"
FORMATS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP", "tif": "TIFF", "bmp": "BMP"}
PLAIN_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA"}  # grey or RGB; of files with 16 bits, too
FINE = 95  # quality of JPEG
AS_PNG = "its own format cannot be written again, it becomes PNG with 8 bits a channel"
LESS = "of its own format {} keeps one picture with 8 bits a channel"
NO_ALPHA = "{} has no transparency, which is left out"
FINER = f"saved about as finely as JPEG of quality {FINE}, since its own steps would damage again what is restored"
WITHOUT_ALPHA = ("JPEG", "BMP")
KEPT_COMPRESSIONS = ("tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "lzma", "zstd")
"""Those of TIFF that lose nothing and take colours."""

BITS_PER_SAMPLE = 258  # a tag of TIFF 6.0
SAVED_AS: Mapping[str, Mapping[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": FINE, "subsampling": 0},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "BMP": {},
}


@dataclass(frozen=True)
class Form:
    """How a picture's file is made.

    Attributes:
        kind: Its format, as Pillow calls it; empty if Pillow cannot read it.
        is_grey: It stores no colour.
        is_plain: Pillow can write all that it stores.
        coding: Further settings with which Pillow writes it.
        is_finer: These are finer than those of the file.
    """

    kind: str
    is_grey: bool = False
    is_plain: bool = False
    coding: Mapping[str, Any] = field(default_factory=dict)
    is_finer: bool = False


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

    JPEG is written with the quantisation steps of the file, divided by whole numbers until they are as fine as those of
    quality 95, and with all of its chroma: where nothing changed the coefficients stay, and what changed is not damaged
    again as the file was. What has more than 8 bits, four inks or moving pictures becomes PNG.

    Args:
        photo: The photograph.
        picture: The colours, RGB.
        source: The photograph's file.
        ext: ``auto`` for the format and suffix of the file, or one of ``FORMATS``.
    """
    form = _form_of(source)
    if ext != AUTO:
        chosen = FORMATS[ext]
        content = _encoded(photo, picture, form if chosen == form.kind else Form(chosen))
        return Written(content, f".{ext}", _what_is_lost(photo, form, chosen))
    if not form.is_plain:
        return write_as_png(photo, picture, source)
    content = _encoded(photo, picture, form)
    return Written(content, source.suffix, FINER if form.is_finer else "")


def write_as_png(photo: Photograph, picture: Image.Image, source: Path) -> Written:
    """Other colours of the same size with all else that a photograph carries, as a PNG file."""
    return Written(photo.with_colours(picture), ".png", "" if _form_of(source).is_plain else AS_PNG)


def suffix_of(source: Path, ext: str) -> str:
    """The suffix that :func:`write_again` gives the file, with the dot."""
    if ext != AUTO:
        return f".{ext}"
    return source.suffix if _form_of(source).is_plain else ".png"


def _what_is_lost(photo: Photograph, form: Form, chosen: str) -> str:
    lost = [] if form.is_plain else [LESS.format(chosen)]
    if photo.alpha is not None and chosen in WITHOUT_ALPHA:
        lost.append(NO_ALPHA.format(chosen))
    return "; ".join(lost)


def _form_of(source: Path) -> Form:
    try:
        with Image.open(source) as file:
            kind, coding = file.format or "", _coding(file)
            is_finer = isinstance(file, JpegImageFile) and coding.get("qtables", {}) != file.quantization
            return Form(kind, file.mode in ("1", "L", "LA"), _is_plain(file), coding, is_finer)
    except OSError:
        return Form("")


def _is_plain(file: Image.Image) -> bool:
    """Whether Pillow can write all that a file stores: one picture, of at most 8 bits, in grey or RGB."""
    is_still = getattr(file, "n_frames", 1) == 1
    is_kept = is_still and not _is_deep(file) and not (file.format in WITHOUT_ALPHA and file.has_transparency_data)
    return file.format in FORMATS.values() and file.mode in PLAIN_MODES and is_kept


def _is_deep(file: Image.Image) -> bool:
    """Whether a channel has more than 8 bits, which Pillow may read as 8."""
    bits = file.tag_v2.get(BITS_PER_SAMPLE, (1,)) if isinstance(file, TiffImageFile) else (8,)
    return max(bits) > 8 or any(";16" in str(tile) for tile in getattr(file, "tile", []))


def _coding(file: Image.Image) -> dict[str, Any]:
    """What a file of the same kind needs to be coded as this one is, or finer."""
    if isinstance(file, JpegImageFile) and file.mode in ("L", "RGB"):
        return {
            "quality": -1,
            "qtables": {number: _finer(number, steps) for number, steps in file.quantization.items()},
        }
    compression = file.info.get("compression")
    return {"compression": compression} if compression in KEPT_COMPRESSIONS else {}


def _finer(number: int, steps: Sequence[int]) -> list[int]:
    """The steps of a table, each divided by the smallest whole number that makes it as fine as in a fine JPEG."""
    fine = _fine_tables()[min(number, 1)]
    return [
        next(step // by for by in range(1, step + 1) if step % by == 0 and step // by <= best)
        for step, best in zip(steps, fine, strict=True)
    ]


@cache
def _fine_tables() -> Mapping[int, Sequence[int]]:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "JPEG", quality=FINE)
    file.seek(0)
    tables: Mapping[int, Sequence[int]] = JpegImageFile(file).quantization
    return tables


def _encoded(photo: Photograph, picture: Image.Image, form: Form) -> bytes:
    picture = picture.convert("L") if form.is_grey and is_grey(picture) else picture.copy()
    fits = photo.profile[16:20] == (b"GRAY" if picture.mode == "L" else b"RGB ")  # ICC.1:2022, table 17
    if photo.alpha is not None and form.kind not in WITHOUT_ALPHA:
        picture.putalpha(photo.alpha)
    carried: dict[str, Any] = {"icc_profile": photo.profile} if fits else {}
    carried |= {"exif": photo.exif} if photo.exif and form.kind not in ("BMP", "TIFF") else {}
    carried |= {"dpi": photo.dpi} if photo.dpi else {}
    file = io.BytesIO()
    picture.save(file, form.kind, **{**SAVED_AS[form.kind], **form.coding}, **carried)
    if form.kind == "TIFF" and photo.exif:
        return with_exif(file.getvalue(), photo.exif)
    return file.getvalue()
