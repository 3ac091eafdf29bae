"""Real JPEG files, written and read by libjpeg."""

import io
from dataclasses import replace

from PIL import Image

from rsi.data.target import JpegHeader

SUBSAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}
TRANSPOSED = (1, 2)


def can_write(header: JpegHeader) -> bool:
    """Whether Pillow can write files with such chroma sampling."""
    return header.grayscale or header.sampling in (*SUBSAMPLINGS, TRANSPOSED)


def save_and_reload(picture: Image.Image, header: JpegHeader) -> Image.Image:
    """A picture after it was saved as a JPEG file and read again.

    Pillow does not write 4:4:0: such a picture is coded on its side as 4:2:2, which is the same but for the
    filling of partial blocks.

    Args:
        picture: 8-bit RGB, in the orientation of the file.
        header: How the file is coded.

    Returns:
        The decoded picture, grey or RGB.
    """
    if header.grayscale:
        return _reload(picture.convert("L"), qtables=_table_lists(header)[:1])
    if header.sampling == TRANSPOSED:
        on_its_side = replace(header, sampling=TRANSPOSED[::-1], tables=header.tables.mT)
        turned = save_and_reload(picture.transpose(Image.Transpose.TRANSPOSE), on_its_side)
        return turned.transpose(Image.Transpose.TRANSPOSE)
    return _reload(picture, qtables=_table_lists(header), subsampling=SUBSAMPLINGS[header.sampling])


def _reload(picture: Image.Image, **settings: object) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", **settings)
    reloaded = Image.open(file)
    reloaded.load()
    return reloaded


def _table_lists(header: JpegHeader) -> list[list[int]]:
    return [[int(step) for step in table.flatten()] for table in header.tables]
