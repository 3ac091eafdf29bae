import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import PIL
import pytest
import tifffile
import torch
from PIL import Image

from rsi.data.decoded import Picture
from rsi.data.reading import read_picture
from rsi.errors import InputError

ROWS, COLUMNS = np.mgrid[0:32, 0:48]
COLOURS = np.stack([ROWS / 31, COLUMNS / 47, (ROWS + COLUMNS) / 78], axis=-1)
GRAY = COLOURS[..., 0]
OPACITY = COLUMNS[..., None] / 47
U8, U16 = (COLOURS * 255).round().astype(np.uint8), (COLOURS * 65535).round().astype(np.uint16)


def written(folder: Path, samples: np.ndarray[Any, Any], **options: Any) -> Path:
    options.setdefault("photometric", "rgb" if samples.shape[-1] in (3, 4) else "minisblack")
    tifffile.imwrite(folder / "a.tif", samples, **options)
    return folder / "a.tif"


def check(picture: Picture, colours: np.ndarray[Any, Any] = COLOURS, tolerance: float = 1 / 500) -> None:
    expected = np.broadcast_to(colours if colours.ndim == 3 else colours[..., None], (*colours.shape[:2], 3))
    np.testing.assert_allclose(picture.rgb.permute(1, 2, 0).numpy(), expected, atol=tolerance)


@pytest.mark.parametrize("samples", [U8, U16, COLOURS.astype(np.float32)], ids=["u8", "u16", "f32"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "lerc", "zstd", "packbits"])
def test_channels_together_or_apart_in_every_compression(
    tmp_path: Path, samples: np.ndarray[Any, Any], planar: str, compression: str | None
) -> None:
    stored = samples if planar == "contig" else np.moveaxis(samples, -1, 0).copy()
    path = written(tmp_path, stored, photometric="rgb", planarconfig=planar, compression=compression)
    check(read_picture(path))


@pytest.mark.parametrize(
    "options",
    [
        {"tile": (16, 16)},
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "lzw", "predictor": True},
        {"tile": (16, 32), "byteorder": ">", "compression": "zlib", "predictor": True},
        {"iccprofile": bytes(2_000_000)},
    ],
    ids=lambda options: "-".join(options),
)
def test_layouts_of_the_file_make_no_difference(tmp_path: Path, options: dict[str, Any]) -> None:
    picture = read_picture(written(tmp_path, U16, **options))
    assert picture.rgb.mul(65535).round().permute(1, 2, 0).int().tolist() == U16.tolist()
    assert picture.notes == ()
    assert picture.profile == options.get("iccprofile")


@pytest.mark.parametrize("compression", ["jpeg", "group4"])
def test_compressions_of_scanners(tmp_path: Path, compression: str) -> None:
    image = Image.fromarray(U8) if compression == "jpeg" else Image.fromarray(GRAY > 0.5)
    image.save(tmp_path / "a.tif", compression=compression)
    check(read_picture(tmp_path / "a.tif"), np.asarray(image) / (255 if compression == "jpeg" else 1), tolerance=0.05)


@pytest.mark.parametrize("mode", ["YCbCr", "CMYK", "P", "1", "LA", "RGBA"])
def test_modes_that_pillow_writes(tmp_path: Path, mode: str) -> None:
    if mode == "YCbCr" and int(PIL.__version__.partition(".")[0]) < 13:
        pytest.skip("Pillow 12 does not read the YCbCr that it writes")
    image = Image.fromarray(U8).convert(mode)
    image.save(tmp_path / "a.tif")
    check(read_picture(tmp_path / "a.tif"), np.asarray(image.convert("RGB")) / 255, tolerance=2 / 255)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("white", [1, 255, 65535])
def test_floats_find_their_white(tmp_path: Path, dtype: str, white: int) -> None:
    if dtype == "f2" and white == 65535:
        pytest.skip("more than float16 holds")
    picture = read_picture(written(tmp_path, (COLOURS * white).astype(dtype)))
    check(picture)
    bits = 8 * np.dtype(dtype).itemsize
    assert picture.notes == (f"its {bits}-bit float samples reach from 0 to {white}: {white} is read as white",)


@pytest.mark.parametrize("white", [1, 255, 65535])
@pytest.mark.parametrize(("low", "high"), [(0, 1.004), (-0.03, 1.02), (-0.099, 1.249)])
def test_floats_that_overshoot_are_clipped(tmp_path: Path, low: float, high: float, white: int) -> None:
    samples = low + COLOURS * (high - low)
    picture = read_picture(written(tmp_path, (samples * white).astype(np.float32)))
    check(picture, samples.clip(0, 1))
    assert picture.notes[0].endswith(f": {white} is read as white")


@pytest.mark.parametrize("bits", [1, 2, 4, 10, 12, 14])
def test_packed_bits_are_white_at_their_highest(tmp_path: Path, bits: int) -> None:
    samples = (GRAY * (2**bits - 1)).round()
    picture = read_picture(written(tmp_path, samples.astype(np.uint8 if bits < 8 else np.uint16), bitspersample=bits))
    check(picture, samples / (2**bits - 1), tolerance=1e-6)
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("dtype", "white"),
    [
        ("u2", 255),
        ("u4", 255),
        ("u4", 65535),
        ("u4", 2**32 - 1),
        ("u8", 255),
        ("i2", 255),
        ("i2", 32767),
        ("i4", 65535),
    ],
)
def test_words_that_hold_fewer_bits_find_their_white(tmp_path: Path, dtype: str, white: int) -> None:
    picture = read_picture(written(tmp_path, (COLOURS * white).round().astype(dtype)))
    check(picture)
    name = f"{'signed' if dtype[0] == 'i' else 'unsigned'} {8 * int(dtype[1])}-bit"
    assert picture.notes == (f"its {name} samples reach from 0 to {white}: {white} is read as white",)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        ((COLOURS * 4095).astype("u2"), r"unsigned 16-bit samples reach from 0 to 4095 \(perhaps 12 bits\), so that"),
        ((COLOURS * 1023).astype("u2"), r"\(perhaps 10 bits\)"),
        ((COLOURS * 16383).astype("u2"), r"\(perhaps 14 bits\)"),
        ((COLOURS * 4095).astype("u4"), r"unsigned 32-bit samples reach from 0 to 4095 \(perhaps 12 bits\)"),
        ((COLOURS * 65535 - 32768).astype("i2"), r"signed 16-bit samples reach from -32768 to 32767"),
        ((COLOURS * 255 - 128).astype("i1"), r"signed 8-bit samples reach from -128 to 127"),
        ((COLOURS * 2 - 1).astype("f4"), r"32-bit float samples reach from -1 to 1"),
        ((COLOURS * 1.5).astype("f4"), r"reach from 0 to 1.5"),
        ((COLOURS * 100).astype("f4"), r"reach from 0 to 100, so that what is white cannot be known"),
        ((COLOURS * 4095).astype("f4"), r"reach from 0 to 4095"),
        ((COLOURS * 32767).astype("f4"), r"reach from 0 to 32767"),
    ],
)
def test_unknown_white_is_refused(tmp_path: Path, samples: np.ndarray[Any, Any], reason: str) -> None:
    with pytest.raises(InputError, match=rf"a.tif' cannot be read: its .*{reason}") as raised:
        read_picture(written(tmp_path, samples))
    assert str(raised.value).endswith("scale them to 0 to 255 and save 8 bits, or to 0 to 65535 and 16 bits")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    samples = np.array([[0, value]], dtype=np.float32)
    with pytest.raises(InputError, match=r"replace what is not a finite number"):
        read_picture(written(tmp_path, samples))


def test_black_is_black_whatever_is_white(tmp_path: Path) -> None:
    check(read_picture(written(tmp_path, np.zeros((4, 5), np.uint16))), np.zeros((4, 5)))


@pytest.mark.parametrize(("dtype", "white"), [("u1", 255), ("u2", 65535), ("f4", 1)])
def test_white_may_be_zero(tmp_path: Path, dtype: str, white: int) -> None:
    path = written(tmp_path, ((1 - GRAY) * white).astype(dtype), photometric="miniswhite")
    check(read_picture(path), GRAY, tolerance=1 / 250)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_palette_gives_its_colours(tmp_path: Path, dtype: type) -> None:
    entries = 2 ** (8 * np.dtype(dtype).itemsize)
    table = np.random.default_rng(0).integers(0, 65536, (3, entries), dtype=np.uint16)
    path = written(tmp_path, ROWS.astype(dtype), photometric="palette", colormap=table)
    check(read_picture(path), table.T[ROWS] / 65535, tolerance=1e-6)


@pytest.mark.parametrize(("dtype", "most"), [("u1", 255), ("u2", 65535)])
def test_inks_become_rgb(tmp_path: Path, dtype: str, most: int) -> None:
    inks = np.concatenate([1 - COLOURS, np.full((32, 48, 1), 0.5)], axis=-1)
    path = written(tmp_path, (inks * most).round().astype(dtype), photometric="separated")
    check(read_picture(path), COLOURS * 0.5, tolerance=1 / 200)


def test_pale_inks_of_16_bits_are_pale(tmp_path: Path) -> None:
    path = written(tmp_path, np.full((4, 5, 4), 6554, np.uint16), photometric="separated")
    check(read_picture(path), np.full((4, 5), 0.81))


@pytest.mark.parametrize(("dtype", "most"), [("u1", 255), ("u2", 65535), ("f4", 1)])
@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_alpha_is_apart_from_colours_or_divided_out(tmp_path: Path, dtype: str, most: int, kind: str) -> None:
    colours = COLOURS * OPACITY if kind == "assocalpha" else COLOURS
    samples = np.concatenate([colours, OPACITY], axis=-1) * most
    path = written(tmp_path, (samples.round() if most > 1 else samples).astype(dtype), extrasamples=[kind])
    picture = read_picture(path)
    assert picture.alpha is not None
    np.testing.assert_allclose(picture.alpha[0].numpy(), OPACITY[..., 0], atol=1 / 250)
    is_seen = OPACITY[..., 0] > 0.3
    np.testing.assert_allclose(picture.rgb.permute(1, 2, 0).numpy()[is_seen], COLOURS[is_seen], atol=1 / 75)


def test_channel_of_unknown_meaning_is_left_out(tmp_path: Path) -> None:
    samples = np.concatenate([U8, np.zeros((32, 48, 1), np.uint8)], axis=-1)
    picture = read_picture(written(tmp_path, samples, extrasamples=["unspecified"]))
    check(picture)
    assert picture.alpha is None
    assert picture.notes == ("a channel beyond its colours is left out, as the file does not say what it is",)


def test_orientation_is_that_of_its_tag(tmp_path: Path) -> None:
    picture = read_picture(written(tmp_path, U8, extratags=[(274, 3, 1, 6, True)]))
    check(picture)
    assert (picture.orientation, picture.size) == (6, "32x48")


def test_first_of_several_pages_is_read(tmp_path: Path) -> None:
    picture = read_picture(written(tmp_path, np.stack([U8, 255 - U8])))
    check(picture)
    assert picture.notes == ("only the first of its frames is read",)


def test_thumbnail_that_follows_needs_no_note(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(U8, photometric="rgb", metadata=None)
        writer.write(U8[::4, ::4].copy(), photometric="rgb", subfiletype=1, metadata=None)
    assert read_picture(tmp_path / "a.tif").notes == ()


@pytest.mark.parametrize(
    ("samples", "options", "reason"),
    [
        (U16[..., 0], {"photometric": "cfa"}, "its colours are CFA with 16 bits, which is not read: save it as RGB"),
        (U16, {"photometric": "cielab"}, "its colours are CIELAB with 16 bits"),
        (U8, {"photometric": 32845}, "its colours are LOGLUV"),
        (U8, {"photometric": "minisblack", "planarconfig": "contig"}, "3 channels but is said to be MINISBLACK"),
        (U8, {"subfiletype": 1}, "it begins with a thumbnail or a mask, as raw files of cameras do"),
        (U8, {"extratags": [(50706, 1, 4, b"\1\4\0\0", True)]}, r"the raw file of a camera \(DNG\)"),
        (np.ones((4, 5), np.complex64), {}, "its samples are of a format that is not read .SampleFormat 6, 64 bits"),
        (np.moveaxis(U8, -1, 0), {"imagej": True, "metadata": {"axes": "CYX"}}, "colours lie on pages of their own"),
    ],
)
def test_kinds_that_are_not_read_are_named(
    tmp_path: Path, samples: np.ndarray[Any, Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InputError, match=reason):
        read_picture(written(tmp_path, samples.copy(), **options))


def test_unsaid_photometric_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, U8[..., 0], metadata=None)
    entry, other = b"\x06\x01\x03\0\x01\0\0\0", b"\x05\x01\x03\0\x01\0\0\0"  # tags 262 and 261
    path.write_bytes(path.read_bytes().replace(entry, other))
    with pytest.raises(InputError, match=r"does not say whether 0 is black or white"):
        read_picture(path)


@pytest.mark.parametrize("tags", [(256, 257), (322, 323)], ids=["picture", "tile"])
def test_absurd_dimensions_are_refused_before_decoding(tmp_path: Path, tags: tuple[int, int]) -> None:
    path = written(tmp_path, np.zeros((16, 16), np.uint8), tile=(16, 16), metadata=None)
    data = path.read_bytes()
    for tag in tags:
        entry = struct.pack("<H", tag) + data[data.index(struct.pack("<H", tag)) + 2 :][:2] + struct.pack("<I", 1)
        start = data.index(entry)
        data = data[:start] + struct.pack("<HHII", tag, 4, 1, 60000) + data[start + 12 :]
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"it declares more than \d+ pixels, scale it down"):
        read_picture(path)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_cut_off_file_is_refused(tmp_path: Path, compression: str | None, kept: float) -> None:
    path = written(tmp_path, U16, compression=compression)
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(
        InputError, match=r"it is damaged, cut off or coded in a rare way .*: take another copy, or save it as PNG"
    ):
        read_picture(path)


@pytest.mark.parametrize(
    "options",
    [{}, {"tile": (16, 16), "compression": "lzw"}, {"compression": "zlib"}, {"compression": "jpeg"}, {"bigtiff": True}],
    ids=str,
)
def test_damaged_bytes_give_a_picture_or_an_input_error(tmp_path: Path, options: dict[str, Any]) -> None:
    intact = written(tmp_path, U8, **options).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(100):
        data = bytearray(intact)
        for place in rng.integers(0, rng.choice([300, len(data)]), rng.choice([1, 5])):
            data[place] = rng.integers(256)
        (tmp_path / "damaged.tif").write_bytes(data)
        with suppress(InputError):
            rgb = read_picture(tmp_path / "damaged.tif").rgb
            assert rgb.isfinite().all()
            assert torch.equal(rgb, rgb.clamp(0, 1))


@pytest.mark.parametrize("tag", [256, 257])
def test_picture_without_pixels_is_said_to_be_one(tmp_path: Path, tag: int) -> None:
    path = written(tmp_path, U8)
    data = bytearray(path.read_bytes())
    entry = data.index(struct.pack("<HHI", tag, 4, 1))
    data[entry + 8 : entry + 12] = struct.pack("<I", 0)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"it is damaged|a picture without pixels"):
        read_picture(path)
