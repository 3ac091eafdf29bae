import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms
from PIL.ExifTags import IFD, Base

from rsi.photos.photograph import read_photograph

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED = Image.new("RGB", (6, 4), "red")


def _written_again(path: Path, picture: Image.Image = RED) -> Image.Image:
    return Image.open(io.BytesIO(read_photograph(path).with_colours(picture)))


def test_alpha_exif_profile_and_resolution_stay(tmp_path: Path) -> None:
    photo, exif = Image.new("RGBA", (6, 4), (1, 2, 3, 0)), Image.Exif()
    photo.putpixel((1, 1), (1, 2, 3, 128))
    exif[Base.Make], exif.get_ifd(IFD.GPSInfo)[1] = "Camera", "N"
    photo.save(tmp_path / "a.png", exif=exif, icc_profile=SRGB, dpi=(300, 150))
    again = _written_again(tmp_path / "a.png")
    assert again.mode == "RGBA"
    assert again.getpixel((0, 0)) == (255, 0, 0, 0)
    assert again.getpixel((1, 1)) == (255, 0, 0, 128)
    assert again.getexif()[Base.Make] == "Camera"
    assert again.getexif().get_ifd(IFD.GPSInfo)[1] == "N"
    assert again.info["icc_profile"] == SRGB
    assert [round(value) for value in again.info["dpi"]] == [300, 150]


def test_the_transparent_colour_of_a_palette_stays(tmp_path: Path) -> None:
    photo = Image.new("P", (6, 4))
    photo.putpalette([0, 0, 0, 9, 9, 9])
    photo.putpixel((2, 2), 1)
    photo.save(tmp_path / "a.png", transparency=0)
    alpha = np.asarray(_written_again(tmp_path / "a.png").getchannel("A"))
    assert alpha[2, 2] == 255
    assert alpha.sum() == 255


def test_a_turned_photograph_is_upright_in_its_exif_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif.get_ifd(IFD.Exif).update({Base.ExifImageWidth: 4, Base.ExifImageHeight: 6})
    Image.new("RGB", (4, 6)).save(tmp_path / "a.jpg", exif=exif, dpi=(300, 150))
    again = _written_again(tmp_path / "a.jpg")
    assert again.getexif()[Base.Orientation] == 1
    details = again.getexif().get_ifd(IFD.Exif)
    assert (details[Base.ExifImageWidth], details[Base.ExifImageHeight]) == (6, 4)
    assert [round(value) for value in again.info["dpi"]] == [150, 300]


def test_how_a_tiff_stores_its_pixels_is_not_passed_on(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4)).save(tmp_path / "a.tif", tiffinfo={Base.Artist: "A"}, compression="tiff_lzw")
    exif = _written_again(tmp_path / "a.tif").getexif()
    assert exif[Base.Artist] == "A"
    assert not {Base.ImageWidth, Base.StripOffsets, Base.Compression} & {*exif}


def test_no_folder_of_tags_is_added(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Artist] = "A"
    RED.save(tmp_path / "a.png", exif=exif)
    assert {*_written_again(tmp_path / "a.png").getexif()} == {Base.Artist}


def test_a_profile_of_other_colours_is_left_out(tmp_path: Path) -> None:
    grey, profile = Image.new("L", (6, 4), 80), bytearray(SRGB)
    profile[16:20] = b"GRAY"
    grey.save(tmp_path / "a.png", icc_profile=bytes(profile))
    assert "icc_profile" not in _written_again(tmp_path / "a.png").info
    again = _written_again(tmp_path / "a.png", Image.new("RGB", (6, 4), (7, 7, 7)))
    assert (again.mode, again.info["icc_profile"]) == ("L", bytes(profile))


def test_the_checksum_is_that_of_the_colours_alone(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[Base.Artist] = "A"
    RED.save(tmp_path / "a.png")
    RED.save(tmp_path / "b.png", exif=exif, dpi=(72, 72))
    RED.resize((4, 6)).save(tmp_path / "c.png")
    first, tagged, turned = (read_photograph(tmp_path / f"{name}.png").sha256 for name in "abc")
    assert first == tagged != turned
