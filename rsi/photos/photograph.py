"""Reading a photograph as people see it, and writing it again with all that it carries beside its colours."""

import hashlib
import io
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.ExifTags import IFD, Base

from rsi.data.orientation import swaps_axes, upright
from rsi.data.pictures import to_picture
from rsi.data.reading import read_picture

LARGEST_DPI = 1e6  # beyond it a number is nonsense, and PNG cannot hold it
# Tags of TIFF 6.0 that say how pixels are stored, such as widths, strips, tiles, colour tables and layers: they are of
# no use in another file.
STRUCTURE = frozenset([*range(254, 267), 273, *range(277, 282), 284, *range(288, 294), 297, 301, *range(317, 348)]) | (
    frozenset([*range(512, 533), 34675, 37724])
)


@dataclass(frozen=True)
class Photograph:
    """A photograph, upright.

    Attributes:
        picture: Its colours, RGB.
        alpha: Its opacity, 8-bit grey, if it has any transparency.
        profile: Its ICC colour profile; empty if it has none.
        exif: Its EXIF data, upright; empty if it has none.
        dpi: Its resolution across and down, in dots per inch, if it says one.
    """

    picture: Image.Image
    alpha: Image.Image | None = None
    profile: bytes = b""
    exif: bytes = b""
    dpi: tuple[float, float] | None = None

    @cached_property
    def sha256(self) -> str:
        """Checksum of size and colours: what else its file holds may change."""
        return hashlib.sha256(f"{self.picture.size} ".encode() + self.picture.tobytes()).hexdigest()

    def with_colours(self, picture: Image.Image) -> bytes:
        """Other colours, RGB of the same size, as a PNG file with all else of this photograph."""
        if self.alpha is not None:
            picture = picture.copy()
            picture.putalpha(self.alpha)
        return png(picture, self.profile, exif=self.exif, **({"dpi": self.dpi} if self.dpi else {}))


def read_photograph(path: Path) -> Photograph:
    """The photograph in a file.

    Raises:
        InputError: The file cannot be read.
    """
    read = read_picture(path)
    profile, exif, dpi = _carried(path, read.orientation)
    alpha = None if read.alpha is None else upright(read.alpha, read.orientation)
    return Photograph(
        to_picture(upright(read.rgb, read.orientation)),
        None if alpha is None else to_picture(alpha.expand(3, -1, -1)).getchannel(0),
        read.profile or profile,
        exif,
        dpi,
    )


def png(picture: Image.Image, profile: bytes = b"", **carried: Any) -> bytes:  # noqa: ANN401 - as Pillow's
    """A PNG file of an RGB or RGBA picture, grey if its profile is; a profile of other colours is left out."""
    file, colours = io.BytesIO(), profile[16:20]  # ICC.1:2022, table 17
    if colours == b"GRAY" and is_grey(picture):
        picture = picture.convert("LA" if picture.mode == "RGBA" else "L")
    fits = colours == (b"GRAY" if picture.mode in ("L", "LA") else b"RGB ")
    picture.save(file, "PNG", icc_profile=profile if fits else None, **carried)
    return file.getvalue()


def is_grey(picture: Image.Image) -> bool:
    """Whether the three channels of a picture are equal everywhere."""
    red, green, blue = (picture.getchannel(channel).tobytes() for channel in "RGB")
    return red == green == blue


def _carried(path: Path, orientation: int) -> tuple[bytes, bytes, tuple[float, float] | None]:
    """Profile, EXIF and resolution of a picture; what cannot be read is left out."""
    try:
        with Image.open(path) as file:
            exif = _upright_exif(file, orientation)
            return file.info.get("icc_profile") or b"", exif, _upright_dpi(file, orientation)
    except Exception:  # damaged headers raise nearly anything, and the picture was read
        return b"", b"", None


def _upright_exif(file: Image.Image, orientation: int) -> bytes:
    exif = file.getexif()
    details = exif.get_ifd(IFD.Exif) if IFD.Exif in exif else {}
    for tag in STRUCTURE.intersection(exif):
        del exif[tag]
    if not exif:
        return b""
    if Base.Orientation in exif:
        exif[Base.Orientation] = 1
    if swaps_axes(orientation) and Base.ExifImageWidth in details and Base.ExifImageHeight in details:
        width, height = details[Base.ExifImageWidth], details[Base.ExifImageHeight]
        details[Base.ExifImageWidth], details[Base.ExifImageHeight] = height, width
    for folder in {IFD.Exif, IFD.GPSInfo}.intersection(exif):
        exif.get_ifd(folder)
    exif.bigtiff = False  # nothing else reads EXIF data that are a BigTIFF; all that was one is read by now
    return exif.tobytes()


def _upright_dpi(file: Image.Image, orientation: int) -> tuple[float, float] | None:
    across, down = (float(value) for value in file.info.get("dpi", (math.nan, math.nan)))
    if not (0 < across < LARGEST_DPI and 0 < down < LARGEST_DPI):
        return None
    return (down, across) if swaps_axes(orientation) else (across, down)
