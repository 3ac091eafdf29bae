"""What the page shows of one image."""

import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from rsi.data.pictures import stages
from rsi.errors import InputError
from rsi.log import printable
from rsi.report.difference import colored
from rsi.report.embedding import Place, reduced
from rsi.results.records import COLUMNS, Row
from rsi.storage.atomic import check_inside

THUMBNAIL_SIDE = 112
LARGEST_INTEGER = 2**53 - 1  # that a page's script can hold
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises on a bad file


@dataclass(frozen=True)
class View:
    """The image at one point of its way: the target, the end of a phase.

    Attributes:
        caption: What is seen.
        picture: The address of the picture.
    """

    caption: str
    picture: str


@dataclass(frozen=True)
class Card:
    """One image of the page.

    Attributes:
        values: The columns of its row, text made printable; a number that is not finite is None.
        links: Its files, relative to the page.
        thumbnail: The address of target and restoration side by side, or of the restoration alone; or an empty text.
        views: The target and its way to the restoration, or the restoration alone.
        fidelity_map: The address of where the degraded restoration differs from the target, or an empty text.
    """

    values: dict[str, Any]
    links: dict[str, str] = field(default_factory=dict)
    thumbnail: str = ""
    views: tuple[View, ...] = ()
    fidelity_map: str = ""

    @property
    def pictures(self) -> dict[str, Any]:
        """Its larger pictures, for the page's script."""
        return {"views": [asdict(view) for view in self.views], "map": self.fidelity_map}


def read_card(row: Row, folder: Path, side: int, place: Place) -> Card:
    """The card of a row, its pictures read from the output folder; those missing or unreadable are left out.

    Args:
        row: The row.
        folder: The output folder.
        side: Pictures are reduced to this side, in pixels.
        place: How the page has its pictures.
    """
    values = {name: _shown(getattr(row, name)) for name in COLUMNS if name != "output"}
    stem = row.output.removesuffix(".png")
    if not stem:
        return Card(values)
    way, shown = _way(folder, stem)
    difference = _read(folder, f"fidelity/{stem}.png")
    return Card(
        values,
        _links(folder, stem),
        place(_thumbnail([picture for _, picture in way]), f"{stem}.list", False, shown) if way else "",
        tuple(
            View(printable(caption), place(*_shown_at(caption, picture, row.size, side, f"{stem}.{number}"), shown))
            for number, (caption, picture) in enumerate(way)
        ),
        place(reduced(colored(difference), side), f"{stem}.map", False, folder / f"fidelity/{stem}.png")
        if difference
        else "",
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


def _way(folder: Path, stem: str) -> tuple[list[tuple[str, Image.Image]], Path]:
    """Captions and pictures from the target to the restoration, and the file they are in.

    Where no comparison is written it is the restoration.
    """
    comparison, image = f"comparisons/{stem}.png", f"{stem}.png"
    sheet = _read(folder, comparison)
    if sheet is not None:
        return stages(sheet), folder / comparison
    restored = _read(folder, image)
    return [] if restored is None else [("restored", restored.convert("RGB"))], folder / image


def _thumbnail(way: Sequence[Image.Image]) -> Image.Image:
    shown = way if len(way) == 1 else (way[0], way[-1])
    pair = Image.new("RGB", (len(shown) * THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    for index, picture in enumerate(shown):
        pair.paste(picture.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE)), (index * THUMBNAIL_SIDE, 0))
    return pair


def _shown_at(
    caption: str, picture: Image.Image, target_size: str, side: int, name: str
) -> tuple[Image.Image, str, bool]:
    """A target smaller than its restoration keeps its own pixels; the page enlarges them without smoothing."""
    width = target_size.partition("x")[0]
    if caption == "target" and width.isdecimal() and 0 < int(width) < min(side, picture.width):
        return picture.resize((int(width), int(width)), Image.Resampling.NEAREST), name, True
    return reduced(picture, side), name, False


def _links(folder: Path, stem: str) -> dict[str, str]:
    names = {
        "restored image": f"{stem}.png",
        "comparison": f"comparisons/{stem}.png",
        "fidelity map": f"fidelity/{stem}.png",
        "latent": f"latents/{stem}.safetensors",
        "timelapse": f"timelapses/{stem}.webp",
    }
    return {label: quote(os.fsencode(name)) for label, name in names.items() if (folder / name).is_file()}
