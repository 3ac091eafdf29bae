import io
import struct
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from photographs import photograph
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from rsi.photos.photograph import read_photograph
from rsi.photos.writing import suffix_of, write_again

PHOTO = photograph("astronaut").crop((160, 40, 288, 168))


def _again(source: Path, ext: str = "auto", picture: Image.Image | None = None) -> Image.Image:
    photo = read_photograph(source)
    written = write_again(photo, photo.picture if picture is None else picture, source, ext)
    assert written.suffix == suffix_of(source, ext)
    return Image.open(io.BytesIO(written.content))


@pytest.mark.parametrize(
    ("name", "settings"),
    [("a.png", {}), ("a.tif", {"compression": "tiff_lzw"}), ("a.bmp", {}), ("a.webp", {"quality": 60})],
)
def test_values_and_format_stay(tmp_path: Path, name: str, settings: dict[str, Any]) -> None:
    PHOTO.save(tmp_path / name, **settings)
    before, again = Image.open(tmp_path / name), _again(tmp_path / name)
    assert again.format == before.format
    assert again.mode == before.mode
    assert (np.asarray(again.convert("RGB")) == np.asarray(before.convert("RGB"))).all()
    assert again.info.get("compression") == before.info.get("compression")


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("quality", [10, 40, 92])
def test_jpeg_keeps_what_it_had_and_what_is_new(tmp_path: Path, quality: int, subsampling: int) -> None:
    PHOTO.save(tmp_path / "a.jpg", quality=quality, subsampling=subsampling)
    before, again = Image.open(tmp_path / "a.jpg"), _again(tmp_path / "a.jpg")
    assert isinstance(before, JpegImageFile)
    assert isinstance(again, JpegImageFile)
    assert get_sampling(again) == 0
    for number, steps in again.quantization.items():
        assert all(old % new == 0 for new, old in zip(steps, before.quantization[number], strict=True))
    assert _psnr(again, before) > 48
    assert _psnr(_again(tmp_path / "a.jpg", picture=PHOTO), PHOTO) > 40 > _psnr(before, PHOTO)


def test_a_fine_jpeg_is_coded_as_it_was(tmp_path: Path) -> None:
    PHOTO.save(tmp_path / "a.jpg", quality=95)
    PHOTO.save(tmp_path / "b.jpg", quality=30)
    for name, remark in (("a.jpg", ""), ("b.jpg", "saved about as finely as JPEG of quality 95, since its own steps")):
        photo = read_photograph(tmp_path / name)
        written = write_again(photo, photo.picture, tmp_path / name, "auto")
        assert written.remark.startswith(remark)
        assert bool(written.remark) == bool(remark)
    again = _again(tmp_path / "a.jpg")
    assert isinstance(again, JpegImageFile)
    with Image.open(tmp_path / "a.jpg") as before:
        assert isinstance(before, JpegImageFile)
        assert again.quantization == before.quantization


def _psnr(image: Image.Image, other: Image.Image) -> float:
    error = np.square(np.asarray(image, float) - np.asarray(other, float)).mean()
    return float(10 * np.log10(255**2 / error))


def test_grey_files_stay_grey_where_nothing_is_coloured(tmp_path: Path) -> None:
    PHOTO.convert("L").save(tmp_path / "a.jpg")
    assert _again(tmp_path / "a.jpg").mode == "L"
    assert _again(tmp_path / "a.jpg", picture=PHOTO).mode == "RGB"


def test_transparency_stays_where_the_format_has_it(tmp_path: Path) -> None:
    photo = PHOTO.copy()
    photo.putalpha(Image.linear_gradient("L").resize(photo.size))
    photo.save(tmp_path / "a.png")
    assert _again(tmp_path / "a.png").getchannel("A").tobytes() == photo.getchannel("A").tobytes()
    assert _again(tmp_path / "a.png", "webp").mode == "RGBA"
    assert _again(tmp_path / "a.png", "jpg").mode == "RGB"


def test_what_cannot_be_written_again_becomes_png(tmp_path: Path) -> None:
    PHOTO.convert("CMYK").save(tmp_path / "a.jpg")
    Image.fromarray(np.linspace(0, 65535, 4096).astype(np.uint16).reshape(64, 64)).save(tmp_path / "deep.png")
    deep = np.asarray(PHOTO).astype(np.uint16) * 257
    (tmp_path / "deep_colours.png").write_bytes(imagecodecs.png_encode(deep))
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    tifffile.imwrite(tmp_path / "planes.tif", np.moveaxis(deep, -1, 0), photometric="rgb", planarconfig="separate")
    for name in ("a.jpg", "deep.png", "deep_colours.png", "deep.tif", "planes.tif"):
        photo = read_photograph(tmp_path / name)
        written = write_again(photo, photo.picture, tmp_path / name, "auto")
        assert written.suffix == ".png"
        assert written.remark == "its own format cannot be written again, it becomes PNG with 8 bits a channel"
        assert Image.open(io.BytesIO(written.content)).format == "PNG"


def test_what_a_chosen_format_loses_is_said(tmp_path: Path) -> None:
    PHOTO.convert("RGBA").save(tmp_path / "a.png")
    deep = np.asarray(PHOTO).astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "deep.tif", deep, photometric="rgb")
    for name, ext, remark in (
        ("a.png", "jpg", "JPEG has no transparency, which is left out"),
        ("a.png", "webp", ""),
        ("deep.tif", "tif", "of its own format TIFF keeps one picture with 8 bits a channel"),
    ):
        photo = read_photograph(tmp_path / name)
        assert write_again(photo, photo.picture, tmp_path / name, ext).remark == remark


@pytest.mark.parametrize("size", [(40, 30), (300, 200)])
@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"])
def test_tiff_keeps_compression_and_exif(tmp_path: Path, compression: str, size: tuple[int, int]) -> None:
    picture, exif = PHOTO.resize(size), Image.Exif()
    exif[Base.Make], exif[Base.Software] = "Camera", "Editor"
    exif.get_ifd(IFD.Exif).update({Base.ExposureTime: 0.5, Base.UserComment: b"ASCII\0\0\0said"})
    exif.get_ifd(IFD.GPSInfo)[1] = "N"
    picture.save(tmp_path / "plain.tif", exif=exif.tobytes(), dpi=(300, 150))
    plain, form = read_photograph(tmp_path / "plain.tif"), tmp_path / "form.tif"
    picture.save(form, compression=compression)
    again = Image.open(io.BytesIO(write_again(plain, picture, form, "auto").content))
    assert again.info["compression"] == compression
    assert again.tobytes() == picture.tobytes()
    found = again.getexif()
    assert (found[Base.Make], found[Base.Software]) == ("Camera", "Editor")
    assert found.get_ifd(IFD.Exif)[Base.ExposureTime] == 0.5
    assert found.get_ifd(IFD.Exif)[Base.UserComment] == b"ASCII\0\0\0said"
    assert found.get_ifd(IFD.GPSInfo)[1] == "N"
    assert [round(value) for value in again.info["dpi"]] == [300, 150]


def test_compressions_of_black_and_white_are_not_taken_for_grey(tmp_path: Path) -> None:
    PHOTO.convert("1").save(tmp_path / "a.tif", compression="group4")
    again = _again(tmp_path / "a.tif", picture=PHOTO.convert("L").convert("RGB"))
    assert (again.mode, again.tobytes()) == ("L", PHOTO.convert("L").tobytes())


def test_exif_of_a_big_tiff_can_be_read(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", np.asarray(PHOTO), photometric="rgb", bigtiff=True, software="Scanner")
    assert _again(tmp_path / "a.tif").getexif()[Base.Software] == "Scanner"
    assert _again(tmp_path / "a.tif", "png").getexif()[Base.Software] == "Scanner"


def test_alpha_of_bmp_is_kept_as_png(tmp_path: Path) -> None:
    pixels = np.dstack([np.asarray(PHOTO)[::-1, :, ::-1], np.full(PHOTO.size, 77, np.uint8)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    sizes = struct.pack("<IiiHHIIiiII", 56, *PHOTO.size, 1, 32, 3, len(pixels), 2835, 2835, 0, 0)
    head = b"BM" + struct.pack("<IHHI", 70 + len(pixels), 0, 0, 70)
    (tmp_path / "a.bmp").write_bytes(head + sizes + masks + pixels)
    again = _again(tmp_path / "a.bmp")
    assert (again.format, again.getpixel((5, 5))) == ("PNG", (*PHOTO.getpixel((5, 5)), 77))
