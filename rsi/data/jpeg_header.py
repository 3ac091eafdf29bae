"""How a JPEG file was coded, by its header."""

from typing import BinaryIO

import torch
from PIL.JpegImagePlugin import JpegImageFile

from rsi.data.target import JpegHeader

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


def rare_coding(file: BinaryIO) -> str | None:
    """What the first frame header of a JPEG calls a coding that decoders commonly lack; ``None`` if none of these.

    Source: ITU-T T.81, table B.1 and B.2.2; ITU-T T.87, C.1.1, for JPEG-LS.
    """
    file.seek(2)
    while (start := file.read(4))[:1] == b"\xff" and len(start) == 4:
        marker, length = start[1], int.from_bytes(start[2:], "big")
        if marker in _FRAMES:
            return _FRAMES[marker] or _depth(file.read(1))
        if marker == _START_OF_SCAN:
            return None
        file.seek(length - 2, 1)
    return None


_START_OF_SCAN = 0xDA
_FRAMES = {
    **dict.fromkeys((0xC0, 0xC1, 0xC2, 0xC9, 0xCA), ""),
    **dict.fromkeys((0xC3, 0xCB), "lossless JPEG"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "hierarchical JPEG"),
    0xF7: "JPEG-LS",
}


def _depth(precision: bytes) -> str | None:
    return f"JPEG of {precision[0]} bits" if precision and precision[0] != 8 else None
