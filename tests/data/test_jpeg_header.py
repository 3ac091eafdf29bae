import io

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from rsi.data.jpeg_header import read_header, why_not_modelled

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 56, 3), dtype=np.uint8))

# ITU-T T.81, table K.1 and the first row of K.2
LUMA = [
    [16, 11, 10, 16, 24, 40, 51, 61],
    [12, 12, 14, 19, 26, 58, 60, 55],
    [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62],
    [18, 22, 37, 56, 68, 109, 103, 77],
    [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101],
    [72, 92, 95, 98, 112, 100, 103, 99],
]
CHROMA_ROW = [17, 18, 24, 47, 99, 99, 99, 99]


def jpeg(image: Image.Image = PHOTO, **options: object) -> JpegImageFile:
    return reopen(encode(image, **options))


def encode(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def reopen(data: bytes) -> JpegImageFile:
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImageFile)
    return image


def with_sampling(data: bytes, *factors: int) -> JpegImageFile:
    """The file with other sampling factors written into its frame header, one byte per component."""
    changed = bytearray(data)
    start = data.index(b"\xff\xc0") + 10
    for index, factor in enumerate(factors):
        changed[start + 3 * index + 1] = factor
    return reopen(bytes(changed))


@pytest.mark.parametrize(("name", "sampling"), [("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))])
@pytest.mark.parametrize("progressive", [False, True])
def test_sampling_is_read(name: str, sampling: tuple[int, int], progressive: bool) -> None:
    image = jpeg(subsampling=name, progressive=progressive)
    assert why_not_modelled(image) is None
    header = read_header(image, orientation=1)
    assert header.sampling == sampling
    assert not header.grayscale


def test_tables_are_in_row_major_order() -> None:
    tables = read_header(jpeg(quality=50), orientation=1).tables
    assert tables.shape == (3, 8, 8)
    assert tables.dtype == torch.float32
    assert tables[0].tolist() == LUMA
    assert tables[1, 0].tolist() == CHROMA_ROW
    assert torch.equal(tables[1], tables[2])


def test_custom_tables_are_read() -> None:
    luma, chroma = list(range(1, 65)), list(range(101, 165))
    tables = read_header(jpeg(qtables=[luma, chroma]), orientation=1).tables
    assert tables.flatten(1).tolist() == [luma, chroma, chroma]


def test_three_tables_belong_to_their_components() -> None:
    numbers = [list(range(first, first + 64)) for first in (1, 80, 160)]
    assert read_header(jpeg(qtables=numbers), orientation=1).tables.flatten(1).tolist() == numbers


def test_gray_file_repeats_its_table() -> None:
    header = read_header(jpeg(PHOTO.convert("L"), quality=50), orientation=3)
    assert header.grayscale
    assert header.sampling == (1, 1)
    assert header.orientation == 3
    assert header.tables.tolist() == [LUMA] * 3


def test_unusual_whole_ratios_are_modelled() -> None:
    image = with_sampling(encode(PHOTO), 0x41, 0x11, 0x11)
    assert why_not_modelled(image) is None
    assert read_header(image, orientation=1).sampling == (4, 1)


def test_equal_factors_above_one_mean_no_subsampling() -> None:
    assert read_header(with_sampling(encode(PHOTO), 0x22, 0x22, 0x22), orientation=1).sampling == (1, 1)


@pytest.mark.parametrize(
    ("factors", "reason"),
    [
        ((0x22, 0x11, 0x21), "sampled differently"),
        ((0x31, 0x21, 0x21), "whole number of times"),
        ((0x11, 0x21, 0x21), "whole number of times"),
    ],
)
def test_odd_sampling_is_not_modelled(factors: tuple[int, ...], reason: str) -> None:
    assert reason in str(why_not_modelled(with_sampling(encode(PHOTO), *factors)))


def test_cmyk_is_not_modelled() -> None:
    assert "CMYK" in str(why_not_modelled(jpeg(PHOTO.convert("CMYK"))))


def test_rgb_by_adobe_marker_is_not_modelled() -> None:
    assert "RGB" in str(why_not_modelled(jpeg(keep_rgb=True)))


def test_rgb_by_component_names_is_not_modelled() -> None:
    data = encode(PHOTO, keep_rgb=True)
    start = data.index(b"\xff\xee")
    length = int.from_bytes(data[start + 2 : start + 4], "big") + 2
    assert "RGB" in str(why_not_modelled(reopen(data[:start] + data[start + length :])))


def test_missing_table_is_not_modelled() -> None:
    data = bytearray(encode(PHOTO))
    data[data.index(b"\xff\xc0") + 12] = 3
    assert "table is missing" in str(why_not_modelled(reopen(bytes(data))))
