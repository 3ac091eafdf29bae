import struct
import sys
import warnings
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps, PngImagePlugin
from PIL.PngImagePlugin import PngInfo
from torch import Tensor

from rsi.data.orientation import upright
from rsi.data.reading import read_picture
from rsi.errors import InputError

PIXELS = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
PHOTO = Image.fromarray(PIXELS)
ORIENTATION = 0x0112


def as_tensor(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float() / 255


def save(path: Path, image: Image.Image = PHOTO, kind: str | None = None, **options: object) -> Path:
    image.save(path, kind, **options)
    return path


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def png(width: int, height: int, *, depth: int = 8, colour: int = 2, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "tiff", "jpg", "jpeg", "webp"])
def test_every_format_gives_what_pillow_decodes(tmp_path: Path, suffix: str) -> None:
    path = save(tmp_path / f"a.{suffix}")
    picture = read_picture(path)
    with Image.open(path) as image:
        assert torch.equal(picture.rgb, as_tensor(image))
    assert picture.orientation == 1
    assert picture.notes == ()
    assert (picture.jpeg is not None) == (suffix in ("jpg", "jpeg"))


def test_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    path = save(tmp_path / "photo.png", kind="JPEG")
    picture = read_picture(path)
    assert picture.jpeg is not None
    assert picture.jpeg.sampling == (2, 2)


@pytest.mark.parametrize("name", ["with space.png", "new\nline.png", "émoji 🙂.png", "no_suffix"])
def test_names_do_not_matter(tmp_path: Path, name: str) -> None:
    assert torch.equal(read_picture(save(tmp_path / name, kind="PNG")).rgb, as_tensor(PHOTO))


def test_one_pixel(tmp_path: Path) -> None:
    assert read_picture(save(tmp_path / "a.png", Image.new("RGB", (1, 1), "red"))).rgb.flatten().tolist() == [
        1,
        0,
        0,
    ]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_picture_upright(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = save(tmp_path / f"a.{suffix}", exif=exif_of(orientation))
    picture = read_picture(path)
    with Image.open(path) as image:
        expected = as_tensor(ImageOps.exif_transpose(image))
    assert torch.equal(upright(picture.rgb, picture.orientation), expected)
    assert picture.size == f"{expected.shape[-1]}x{expected.shape[-2]}"


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpeg_keeps_the_orientation_of_its_file(tmp_path: Path, orientation: int) -> None:
    picture = read_picture(save(tmp_path / "a.jpg", exif=exif_of(orientation)))
    assert picture.rgb.shape == (3, 24, 40)
    assert picture.orientation == orientation
    assert picture.jpeg is not None
    assert picture.jpeg.orientation == orientation


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0garbage that is no TIFF",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
    ],
)
def test_garbled_exif_is_ignored(tmp_path: Path, exif: bytes) -> None:
    picture = read_picture(save(tmp_path / "a.jpg", exif=exif))
    assert picture.orientation == 1
    assert picture.jpeg is not None


def test_exif_that_pillow_fails_on_is_ignored(tmp_path: Path) -> None:
    text = PngInfo()
    text.add_text("Raw profile type exif", "\nexif\n2\nno hexadecimals")
    assert read_picture(save(tmp_path / "a.png", pnginfo=text)).orientation == 1


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_impossible_orientation_is_ignored(tmp_path: Path, value: int) -> None:
    assert read_picture(save(tmp_path / "a.jpg", exif=exif_of(value))).orientation == 1


def test_orientation_of_another_type_is_ignored(tmp_path: Path) -> None:
    entry = struct.pack("<HHHI4s", 1, ORIENTATION, 2, 4, b"six")
    exif = b"Exif\0\0II*\0" + struct.pack("<I", 8) + entry + bytes(4)
    assert read_picture(save(tmp_path / "a.jpg", exif=exif)).orientation == 1


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.mpo"])
def test_first_of_several_frames_is_read(tmp_path: Path, name: str) -> None:
    path = save(tmp_path / name, save_all=True, append_images=[Image.new("RGB", PHOTO.size)])
    picture = read_picture(path)
    with Image.open(path) as image:
        assert torch.equal(picture.rgb, as_tensor(image))
    assert picture.notes == ("only the first of its frames is read",)


def test_picture_of_a_phone_with_several_frames_keeps_its_jpeg_header(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", kind="MPO", save_all=True, append_images=[PHOTO])
    assert read_picture(path).jpeg is not None


def test_cmyk_jpeg_is_read_with_a_note(tmp_path: Path) -> None:
    check_not_modelled(save(tmp_path / "a.jpg", PHOTO.convert("CMYK")))


def test_rgb_jpeg_is_read_with_a_note(tmp_path: Path) -> None:
    check_not_modelled(save(tmp_path / "a.jpg", keep_rgb=True))


def check_not_modelled(path: Path) -> None:
    picture = read_picture(path)
    assert picture.rgb.shape == (3, 24, 40)
    assert picture.jpeg is None
    assert "JPEG coding cannot be modelled" in picture.notes[0]


def test_16_bit_colour_says_that_it_is_read_with_8(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png(1, 1, depth=16, pixels=b"\0\xff\xff\x80\x00\x00\x00"))
    picture = read_picture(path)
    assert picture.rgb.mul(255).flatten().tolist() == [255, 128, 0]
    assert picture.notes == ("its 16-bit colours are read with 8 bits",)


def test_16_bit_gray_needs_no_note(tmp_path: Path) -> None:
    picture = read_picture(save(tmp_path / "a.png", Image.fromarray(np.array([[1000, 20000]], dtype=np.uint16))))
    assert picture.rgb.mul(65535).round().flatten().tolist() == [1000, 20000] * 3
    assert picture.notes == ()


def test_16_bit_gray_can_have_a_transparent_shade(tmp_path: Path) -> None:
    samples = np.array([[7, 1000, 65535]], dtype=np.uint16)
    picture = read_picture(save(tmp_path / "a.png", Image.fromarray(samples), transparency=1000))
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[[1, 0, 1]]]


def test_16_bit_png_of_fewer_bits_is_refused_or_read_right(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples reach from 0 to 4095 \(perhaps 12 bits\), so that what is white"):
        read_picture(save(tmp_path / "a.png", Image.fromarray(np.array([[0, 4095]], dtype=np.uint16))))
    (tmp_path / "b.png").write_bytes(png(1, 1, depth=16, pixels=b"\0\x0f\xff\x08\x00\x00\x00"))
    with pytest.raises(InputError, match=r"its 16-bit colours fill less than a quarter of their range"):
        read_picture(tmp_path / "b.png")
    picture = read_picture(save(tmp_path / "c.png", Image.fromarray(np.array([[51, 255]], dtype=np.uint16))))
    assert picture.rgb[0].tolist() == [[pytest.approx(0.2), 1]]
    assert picture.notes == ("its unsigned 16-bit samples reach from 51 to 255: 255 is read as white",)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing.png' cannot be read: No such file"):
        read_picture(tmp_path / "missing.png")


def test_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: Is a directory"):
        read_picture(tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match=r"a.png' cannot be read: the file is empty"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize("content", [b"just text", b"\0" * 40, b"BMW sells cars, and not pictures of them"])
def test_no_picture(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(InputError, match=r"a.png' cannot be read: it is not an intact picture of a kind that is read"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"GIF89a", "GIF"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"v/1\1", "OpenEXR"),
        (b'<?xml version="1.0"?>\n<svg', "SVG"),
        (b"P6\n640 480\n", "PNM"),
        (b"FUJIFILMCCD-RAW 0201", "camera raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "camera raw"),
    ],
)
def test_kinds_that_are_not_read_are_named(tmp_path: Path, content: bytes, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(content + bytes(100))
    with pytest.raises(InputError, match=rf"a.png' cannot be read: it is a {kind} file, which is not read: save it as"):
        read_picture(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("start", "kind"), [(b"\xff\xd8\xff", "JPEG"), (b"\x89PNG\r\n\x1a\n", "PNG"), (b"RIFF\1\0\0\0WEBP", "WebP")]
)
def test_rest_of_a_picture_is_not_intact(tmp_path: Path, start: bytes, kind: str) -> None:
    (tmp_path / "a").write_bytes(start)
    with pytest.raises(InputError, match=rf"it is not an intact {kind} picture, or coded in a rare way"):
        read_picture(tmp_path / "a")


@pytest.mark.parametrize(
    ("marker", "precision", "name"),
    [
        (0xC1, 12, "JPEG of 12 bits"),
        (0xC0, 16, "JPEG of 16 bits"),
        (0xC3, 8, "lossless JPEG"),
        (0xC5, 8, "hierarchical JPEG"),
        (0xF7, 8, "JPEG-LS"),
    ],
)
def test_rare_jpegs_are_named(tmp_path: Path, marker: int, precision: int, name: str) -> None:
    data = save(tmp_path / "a.jpg").read_bytes()
    frame = data.index(b"\xff\xc0")
    (tmp_path / "a.jpg").write_bytes(data[: frame + 1] + bytes([marker, 0, 17, precision]) + data[frame + 5 :])
    with pytest.raises(InputError, match=rf"it is a {name}, which is not read: save it as an ordinary JPEG or PNG"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("compressed", [True, False])
def test_png_with_large_text_and_profile(tmp_path: Path, compressed: bool) -> None:
    text = PngInfo()
    text.add_text("comment", "x" * 3_000_000, zip=compressed)
    text.add_itxt("XML:com.adobe.xmp", "y" * 3_000_000, zip=compressed)
    path = save(tmp_path / "a.png", pnginfo=text, icc_profile=bytes(5_000_000), exif=exif_of(6))
    picture = read_picture(path)
    assert torch.equal(picture.rgb, as_tensor(PHOTO))
    assert (picture.orientation, picture.profile) == (6, bytes(5_000_000))


def test_text_beyond_the_limit_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsi.data.reading.LONGEST_TEXT", 2**20)
    path = save(tmp_path / "a.png", icc_profile=bytes(2_000_000))
    with pytest.raises(InputError, match=r"its text or colour profile has more than 1 MB: save it without"):
        read_picture(path)


def test_limits_of_pillow_stay_as_they_were(tmp_path: Path) -> None:
    before = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    read_picture(save(tmp_path / "a.png"))
    assert before == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)


@pytest.mark.parametrize("orientation", [1, 6])
def test_avif(tmp_path: Path, orientation: int) -> None:
    check_phone_format(tmp_path / "a.avif", "AVIF", orientation)


@pytest.mark.parametrize("orientation", [1, 6])
def test_heic(tmp_path: Path, orientation: int) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    check_phone_format(tmp_path / "a.heic", "HEIF", orientation)


def check_phone_format(path: Path, kind: str, orientation: int) -> None:
    smooth = Image.linear_gradient("L").resize((64, 40)).convert("RGB")
    smooth.paste("red", (0, 0, 16, 16))
    save(path, smooth, kind, quality=95, exif=exif_of(orientation).tobytes())
    picture = read_picture(path)
    seen = upright(picture.rgb, picture.orientation)
    turned = smooth.copy()
    turned.getexif()[ORIENTATION] = orientation
    assert (seen - as_tensor(ImageOps.exif_transpose(turned))).abs().mean() < 0.02
    assert picture.jpeg is None


def test_heic_without_its_library_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    (tmp_path / "a.jpg").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500))
    with pytest.raises(InputError, match=r"a.jpg' cannot be read: it is a HEIC picture: pip install 'rsi\[heic\]'"):
        read_picture(tmp_path / "a.jpg")


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_cut_off_file_is_an_error(tmp_path: Path, suffix: str, kept: float) -> None:
    path = save(tmp_path / f"a.{suffix}")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(InputError, match=rf"a.{suffix}' cannot be read: it is (damaged|not an intact)"):
        read_picture(path)


@pytest.mark.parametrize("side", [60000, 10000])
def test_absurd_dimensions_are_refused_before_decoding(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png(side, side))
    with pytest.raises(InputError, match=r"bomb.png' cannot be read: it declares more than \d+ pixels, scale it down"):
        read_picture(tmp_path / "bomb.png")


def test_samples_out_of_range(tmp_path: Path) -> None:
    path = save(tmp_path / "a.tif", Image.fromarray(np.array([[-1, 2]], dtype=np.float32)))
    with pytest.raises(InputError, match=r"a.tif' cannot be read: its 32-bit float samples reach from -1 to 2"):
        read_picture(path)


def test_message_is_one_line_whatever_the_name(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        read_picture(tmp_path / "two\nlines.png")
    assert "\n" not in str(raised.value)
    assert r"two\nlines.png" in str(raised.value)


def test_no_warning_of_pillow_leaves(tmp_path: Path) -> None:
    entries_missing = b"Exif\0\0II*\0\x08\0\0\0\x05\0"
    path = save(tmp_path / "a.jpg", exif=entries_missing)
    with pytest.warns(UserWarning, match=r"Corrupt EXIF"), Image.open(path) as image:
        image.getexif()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_picture(path).orientation == 1


@pytest.mark.parametrize("exif", [Image.Exif(), exif_of(6)], ids=["plain", "exif"])
@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif", "bmp"])
def test_damaged_bytes_give_a_picture_or_an_input_error(tmp_path: Path, suffix: str, exif: Image.Exif) -> None:
    intact = save(tmp_path / f"a.{suffix}", exif=exif).read_bytes()
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged"
    for _ in range(100):
        data = bytearray(intact)
        for place in rng.integers(0, rng.choice([64, len(data)]), rng.choice([1, 5])):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        with suppress(InputError):
            rgb = read_picture(path).rgb
            assert rgb.min() >= 0
            assert rgb.max() <= 1
