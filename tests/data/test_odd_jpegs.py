import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rsi.data.decoded import Picture
from rsi.data.reading import read_picture
from rsi.data.target import Target
from rsi.data.target_reader import read_target
from rsi.errors import InputError
from rsi.numerics.size import Size


def jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((40, 32)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def read(folder: Path, data: bytes) -> Picture:
    (folder / "a.jpg").write_bytes(data)
    return read_picture(folder / "a.jpg")


def target_or_complaint(folder: Path, data: bytes) -> Target | str:
    """The target in range, or what is said of the file, in one line."""
    (folder / "a.jpg").write_bytes(data)
    try:
        target = read_target(folder, "a.jpg", resolution=Size.square(32), factor=None, seed=0)
    except InputError as error:
        complaint = str(error)
    else:
        assert 0 <= target.image.min() <= target.image.max() <= 1
        return target
    assert len(complaint.splitlines()) == 1
    return complaint


def segment(data: bytes, marker: int) -> int:
    """Where the payload of the first segment with this marker starts."""
    return data.index(bytes([0xFF, marker])) + 4


def patched(data: bytes, position: int, value: bytes) -> bytes:
    return data[:position] + value + data[position + len(value) :]


def test_restart_markers_are_read(tmp_path: Path) -> None:
    data = jpeg(quality=30, restart_marker_rows=1)
    assert b"\xff\xd0" in data
    picture = read(tmp_path, data)
    assert picture.jpeg is not None
    assert (picture.rgb == read(tmp_path, jpeg(quality=30)).rgb).all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: patched(d, segment(d, 0xC0) - 4, b"\xff\xc9"),  # arithmetic coding, with Huffman data
        lambda d: patched(d, segment(d, 0xC0), b"\x0c"),  # 12 bits a sample
        lambda d: patched(d, segment(d, 0xC0) + 1, b"\0\0"),  # height 0, to be told by a DNL marker
        lambda d: patched(d, segment(d, 0xC0) + 3, b"\0\0"),  # width 0
        lambda d: patched(d, segment(d, 0xC0) + 5, b"\x00"),  # no component
        lambda d: patched(d, segment(d, 0xC0) + 5, b"\xff"),  # 255 components
        lambda d: patched(d, segment(d, 0xC0) + 7, b"\0"),  # sampling 0x0
        lambda d: patched(d, segment(d, 0xC0) + 7, b"\xff"),  # sampling 15x15
        lambda d: patched(d, segment(d, 0xC0) + 8, b"\x03"),  # a table that is not there
        lambda d: patched(d, segment(d, 0xDB), b"\xf0"),  # a table of unknown precision
        lambda d: patched(d, segment(d, 0xC4) + 1, b"\xff" * 16),  # impossible Huffman codes
        lambda d: d[: segment(d, 0xDA) + 8],  # no data
        lambda d: d[: segment(d, 0xDA) - 4] + b"\xff\xd9",  # no scan
        lambda d: d[:2] + b"\xff\xe1\xff\xff" + d[2:],  # a segment longer than the file
    ],
)
def test_broken_headers_give_a_picture_or_one_line(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    outcome = target_or_complaint(tmp_path, damage(jpeg()))
    assert isinstance(outcome, Target) or outcome.startswith(f"'{tmp_path}/a.jpg' cannot be read: ")


def test_zero_in_a_quantisation_table_gives_a_target_or_one_line(tmp_path: Path) -> None:
    data = jpeg()
    target_or_complaint(tmp_path, patched(data, segment(data, 0xDB) + 1, b"\0" * 64))


def test_any_bytes_in_the_headers_give_a_target_or_an_input_error(tmp_path: Path) -> None:
    data = jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0")

    @settings(max_examples=150, deadline=None)
    @given(st.integers(2, segment(data, 0xDA) + 10), st.binary(min_size=1, max_size=6), st.booleans())
    def damage(position: int, noise: bytes, insert: bool) -> None:
        rest = data[position:] if insert else data[position + len(noise) :]
        target_or_complaint(tmp_path, data[:position] + noise + rest)

    damage()
