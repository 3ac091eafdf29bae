"""Reading TIFF files: their many sample formats, colour spaces and compressions."""

import logging
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, PLANARCONFIG, TiffFile, TiffPage

from rsi.data.decoded import Picture
from rsi.data.white_level import Samples, find_white, to_unit
from rsi.errors import InputError

logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # it warns of tags that are not needed here; errors are raised

_COLOURS = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.SEPARATED: 4,
}
_BY_PILLOW = (PHOTOMETRIC.YCBCR, PHOTOMETRIC.CIELAB)  # libtiff and LittleCMS convert these
_FAX = (COMPRESSION.CCITTRLE, COMPRESSION.CCITT_T4, COMPRESSION.CCITT_T6)  # imagecodecs lacks some on some systems
_PHOTOMETRIC, _ORIENTATION, _INK_SET, _COLOR_MAP, _PROFILE, _DNG_VERSION = 262, 274, 332, 320, 34675, 50706
_CMYK = 1  # a value of InkSet
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType
_MOST_CHANNELS = 16


def read_tiff(file: BinaryIO) -> Picture | None:
    """The first page of a TIFF or BigTIFF file; ``None`` if Pillow is to read it, which knows some better.

    Read are grey, palette, RGB and CMYK pictures of integers or floats of any size and either byte order, in strips or
    tiles, channels together or apart, with alpha or without, in all compressions of ``imagecodecs``.

    Raises:
        InputError: The file is of a kind that is not read, or what is white in it cannot be known.
        Exception: The file is damaged; which exception it is depends on where.

    Source: TIFF 6.0 with its supplements; tags by their numbers there.
    """
    with TiffFile(file) as tiff:
        page = _picture_page(tiff)
        _check_size(page)
        if _is_for_pillow(page):
            return None
        _check_kind(page)
        _check_whole(page, tiff.filehandle.size)
        notes = ["only the first of its frames is read"] if _has_more(tiff, page) else []
        channels = _channels(page)
        count = _COLOURS[PHOTOMETRIC(page.photometric)]
        white, note = _white(page, channels[:count])
        colours = _rgb(page, channels[:count], white)
        alpha, alpha_notes = _alpha(page, channels[count:], white)
        if alpha is not None and EXTRASAMPLE.ASSOCALPHA in page.extrasamples:
            colours = np.divide(colours, alpha, out=np.zeros_like(colours), where=alpha > 0).clip(0, 1)
        return Picture(
            torch.from_numpy(np.array(colours)),
            None if alpha is None else torch.from_numpy(np.array(alpha)),
            orientation=_orientation(page),
            notes=(*notes, *filter(None, [note]), *alpha_notes),
            profile=_tag(page, _PROFILE) if page.photometric == PHOTOMETRIC.RGB else None,
        )


def _picture_page(tiff: TiffFile) -> TiffPage:
    page = tiff.pages.first
    if _tag(page, _DNG_VERSION) is not None:
        raise InputError("it is the raw file of a camera (DNG): develop it and save it as PNG")
    if page.subfiletype & (_REDUCED | _MASK):
        raise InputError("it begins with a thumbnail or a mask, as raw files of cameras do: save the picture as PNG")
    return page


def _is_for_pillow(page: TiffPage) -> bool:
    is_converted = page.photometric in _BY_PILLOW and page.bitspersample == 8
    is_fax = page.compression in _FAX and page.bitspersample == page.samplesperpixel == 1
    return is_converted or is_fax or page.compression == COMPRESSION.OJPEG


def _check_size(page: TiffPage) -> None:
    """As Pillow checks it: before anything of that size is in memory."""
    limit = Image.MAX_IMAGE_PIXELS
    tile = int(np.prod(page.chunks[:2], dtype=np.float64)) if page.is_tiled else 0
    if limit and max(page.imagewidth * page.imagelength, tile) > limit:
        raise Image.DecompressionBombError
    if page.samplesperpixel > _MOST_CHANNELS or page.imagedepth > 1:
        raise InputError(
            f"it has {page.samplesperpixel} channels and {page.imagedepth} layers: save it as an RGB picture"
        )


def _check_kind(page: TiffPage) -> None:
    if _tag(page, _PHOTOMETRIC) is None:
        raise InputError("it does not say whether 0 is black or white (PhotometricInterpretation): save it anew")
    if page.photometric not in _COLOURS or _tag(page, _INK_SET) not in (None, _CMYK):
        colours = f"{_name(page.photometric, PHOTOMETRIC)} with {page.bitspersample} bits"
        raise InputError(f"its colours are {colours}, which is not read: save it as RGB")
    if page.dtype is None or page.dtype.kind not in "buif" or isinstance(page.bitspersample, tuple):
        raise InputError(
            f"its samples are of a format that is not read (SampleFormat {_name(page.sampleformat)}, "
            f"{page.bitspersample} bits): save it with 8 or 16 bits"
        )
    more = page.samplesperpixel - _COLOURS[PHOTOMETRIC(page.photometric)]
    if more < 0 or (more > 1 and _COLOURS[PHOTOMETRIC(page.photometric)] == 1):
        raise InputError(
            f"it has {page.samplesperpixel} channels but is said to be {_name(page.photometric, PHOTOMETRIC)}: "
            "save it as RGB or grey"
        )


def _check_whole(page: TiffPage, size: int) -> None:
    pieces = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if not pieces or any(count == 0 or offset + count > size for offset, count in pieces):
        raise OSError("a part of its pixels is not there")


def _has_more(tiff: TiffFile, page: TiffPage) -> bool:
    """Whether other pictures follow, not thumbnails or masks.

    Raises:
        InputError: They are the colours of this one.
    """
    imagej = tiff.imagej_metadata or {}
    if imagej.get("channels", 1) > 1 and page.samplesperpixel == 1:
        raise InputError("its colours lie on pages of their own, as ImageJ writes them: save it as RGB")
    if imagej.get("images", 1) > 1:
        return True
    try:
        second: Any = tiff.pages.get(1)
    except IndexError:
        return False
    return not second.subfiletype & (_REDUCED | _MASK)


def _channels(page: TiffPage) -> Samples:
    """``[C, H, W]``, of the file's type."""
    samples: Samples = page.asarray(maxworkers=1)
    if page.samplesperpixel == 1:
        return samples.reshape(1, page.imagelength, page.imagewidth)
    if page.planarconfig == PLANARCONFIG.SEPARATE:
        return samples.reshape(page.samplesperpixel, page.imagelength, page.imagewidth)
    return np.moveaxis(samples.reshape(page.imagelength, page.imagewidth, page.samplesperpixel), -1, 0)


def _white(page: TiffPage, colours: Samples) -> tuple[float, str | None]:
    """Which sample is white, and what had to be understood; inks and entries of palettes need not reach it."""
    is_full = page.photometric in (PHOTOMETRIC.PALETTE, PHOTOMETRIC.SEPARATED) and colours.dtype.kind in "ub"
    return (float(2**page.bitspersample - 1), None) if is_full else find_white(colours, page.bitspersample)


def _rgb(page: TiffPage, colours: Samples, white: float) -> Samples:
    """Colours ``[3, H, W]`` in [0, 1]."""
    if page.photometric == PHOTOMETRIC.PALETTE:
        return _palette(page)[:, colours[0].astype(np.intp)]
    unit = to_unit(colours, white)
    if page.photometric == PHOTOMETRIC.SEPARATED:
        unit = (1 - unit[:3]) * (1 - unit[3:])
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        unit = 1 - unit
    return np.broadcast_to(unit, (3, *unit.shape[1:]))


def _palette(page: TiffPage) -> Samples:
    """``[3, entries]`` in [0, 1]; some programs write entries of 8 bits where 16 belong."""
    entries = np.asarray(_tag(page, _COLOR_MAP), dtype=np.float32).reshape(3, -1)
    return entries / np.float32(65535 if entries.max() > 255 else 255)


def _alpha(page: TiffPage, others: Samples, white: float) -> tuple[Samples | None, Sequence[str]]:
    """Transparency ``[1, H, W]`` in [0, 1], if one of the channels beyond the colours is said to be that."""
    kinds = [*page.extrasamples, *[EXTRASAMPLE.UNSPECIFIED] * len(others)][: len(others)]
    known = [index for index, kind in enumerate(kinds) if kind != EXTRASAMPLE.UNSPECIFIED]
    if not known:
        note = "a channel beyond its colours is left out, as the file does not say what it is"
        return None, [note] if len(others) else []
    alpha = others[known[:1]]
    if alpha.dtype.kind == "f":
        white, _ = find_white(alpha, page.bitspersample)
    elif alpha.max() > white:
        raise InputError(
            f"its transparency reaches {alpha.max()} but its colours {white:g} at most: save it with 8 bits"
        )
    return to_unit(alpha, white), []


def _orientation(page: TiffPage) -> int:
    value = _tag(page, _ORIENTATION)
    return int(value) if value in range(1, 9) else 1


def _tag(page: TiffPage, number: int) -> Any:  # noqa: ANN401 - what it is depends on the tag
    tag = page.tags.get(number)
    return None if tag is None else tag.value


def _name(value: Any, names: Any = None) -> str:  # noqa: ANN401 - an enumeration of tifffile
    try:
        return str(names(value).name)
    except (TypeError, ValueError):
        return str(value)
