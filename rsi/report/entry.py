"""What the page shows of one image."""

import math
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from rsi.data.pictures import stages
from rsi.errors import InputError
from rsi.log import printable
from rsi.report.difference import colored
from rsi.report.embedding import data_uri, reduced
from rsi.results.records import COLUMNS, Row
from rsi.storage.atomic import check_inside

THUMBNAIL_SIDE = 112
LARGEST_INTEGER = 2**53 - 1  # that a page's script can hold
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises on a bad file


@dataclass(frozen=True)
class Stage:
    """The image at one stage of its way: the target, the end of a phase.

    Attributes:
        caption: What the stage is.
        picture: A ``data:`` URI.
    """

    caption: str
    picture: str


@dataclass(frozen=True)
class Entry:
    """One image of the page.

    Attributes:
        values: The columns of its row, text made printable; a number that is not finite is None.
        links: Its files, relative to the page.
        thumbnail: Target and restoration side by side, or an empty text.
        stages: The target and its way to the restoration.
        fidelity_map: Where the degraded restoration differs from the target, or an empty text.
    """

    values: dict[str, Any]
    links: dict[str, str] = field(default_factory=dict)
    thumbnail: str = ""
    stages: tuple[Stage, ...] = ()
    fidelity_map: str = ""

    @property
    def pictures(self) -> dict[str, Any]:
        """Its larger pictures, for the page's script."""
        return {"stages": [asdict(stage) for stage in self.stages], "map": self.fidelity_map}


def read_entry(row: Row, folder: Path, side: int) -> Entry:
    """The entry of a row, its pictures read from the output folder; those missing or unreadable are left out.

    Args:
        row: The row.
        folder: The output folder.
        side: Pictures are reduced to this side, in pixels.
    """
    values = {name: _shown(getattr(row, name)) for name in COLUMNS if name != "output"}
    stem = row.output.removesuffix(".png")
    if not stem:
        return Entry(values)
    sheet = _read(folder, f"comparisons/{stem}.png")
    way = [] if sheet is None else stages(sheet)
    difference = _read(folder, f"fidelity/{stem}.png")
    return Entry(
        values,
        _links(folder, stem),
        _thumbnail(way[0][1], way[-1][1]) if way else "",
        tuple(_stage(caption, picture, row.size, side) for caption, picture in way),
        data_uri(reduced(colored(difference), side)) if difference else "",
    )


def _shown(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        return str(value)
    return printable(value) if isinstance(value, str) else value


def _read(folder: Path, name: str) -> Image.Image | None:
    try:
        check_inside(folder / name, folder)
        with Image.open(folder / name, formats=["PNG"]) as picture:
            picture.load()
            return picture
    except (InputError, *UNREADABLE):
        return None


def _thumbnail(target: Image.Image, restored: Image.Image) -> str:
    pair = Image.new("RGB", (2 * THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    for index, picture in enumerate((target, restored)):
        pair.paste(picture.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE)), (index * THUMBNAIL_SIDE, 0))
    return data_uri(pair)


def _stage(caption: str, picture: Image.Image, target_size: str, side: int) -> Stage:
    """A target smaller than its restoration keeps its own pixels; the page enlarges them without smoothing."""
    width = target_size.partition("x")[0]
    if caption == "target" and width.isdecimal() and 0 < int(width) < min(side, picture.width):
        own = picture.resize((int(width), int(width)), Image.Resampling.NEAREST)
        return Stage(caption, data_uri(own, lossless=True))
    return Stage(printable(caption), data_uri(reduced(picture, side)))


def _links(folder: Path, stem: str) -> dict[str, str]:
    names = {
        "restored image": f"{stem}.png",
        "comparison": f"comparisons/{stem}.png",
        "fidelity map": f"fidelity/{stem}.png",
        "latent": f"latents/{stem}.safetensors",
        "timelapse": f"timelapses/{stem}.webp",
    }
    return {label: quote(os.fsencode(name)) for label, name in names.items() if (folder / name).is_file()}
