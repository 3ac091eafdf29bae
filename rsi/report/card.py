"""What the page shows of one image."""

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from PIL import Image

from rsi.data.pictures import split_row
from rsi.errors import InputError
from rsi.log import printable
from rsi.numerics.size import Size
from rsi.report.difference import colored
from rsi.report.embedding import Place, reduced
from rsi.results import layout
from rsi.results.records import COLUMNS, FAILED, MISSING, RESTORED, STOPPED, Row
from rsi.storage.atomic import check_inside

THUMBNAIL_SIDE = 112
STATUSES = (FAILED, MISSING, STOPPED, RESTORED)  # the worst first
LARGEST_INTEGER = 2**53 - 1  # that a page's script can hold
LINKED = {
    "restored image": layout.RESTORED_IMAGE,
    "comparison": layout.COMPARISON,
    "fidelity map": layout.FIDELITY_MAP,
    "latent": layout.LATENT,
    "timelapse": layout.TIMELAPSE,
}
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
class Sample:
    """One restoration of an image.

    Attributes:
        values: The columns of its row, text made printable; a number that is not finite is None.
        links: Its files, relative to the page.
        views: The target and its way to the restoration, or the restoration alone.
        fidelity_map: The address of where the degraded restoration differs from the target, or an empty text.
    """

    values: dict[str, Any]
    links: dict[str, str] = field(default_factory=dict)
    views: tuple[View, ...] = ()
    fidelity_map: str = ""


@dataclass(frozen=True)
class Card:
    """One image of the page.

    Attributes:
        status: The worst status of its restorations.
        samples: Its restorations, of which there is one as a rule.
        thumbnail: The address of target, restorations and, of several, the map of their disagreement, side by side; or
            an empty text.
        disagreement: The address of the map of where the restorations disagree, or an empty text.
    """

    status: str
    samples: tuple[Sample, ...]
    thumbnail: str = ""
    disagreement: str = ""

    @property
    def values(self) -> dict[str, Any]:
        """What it is found and sorted by: the values of its first restoration, and the worst status of all."""
        return {**self.samples[0].values, "status": self.status}

    @property
    def pictures(self) -> dict[str, Any]:
        """Everything else, for the page's script."""
        return {"samples": [asdict(sample) for sample in self.samples], "disagreement": self.disagreement}


def by_image(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each image together, in the order of the names and of the restorations."""
    images: dict[str, dict[int, Row]] = {}
    for row in rows:
        image, _, number = row.file.rpartition("~")
        if number.isdecimal() and image in images:
            images[image][int(number)] = row
        else:
            images[row.file] = {1: row}
    return [[row for _, row in sorted(samples.items())] for samples in images.values()]


def worst_status(rows: Iterable[Row]) -> str:
    """The worst status among the restorations of an image."""
    return min((str(row.status) for row in rows), key=lambda status: (*STATUSES, status).index(status))


def read_card(rows: Sequence[Row], folder: Path, side: int, place: Place) -> Card:
    """The card of an image, its pictures read from the output folder; those missing or unreadable are left out.

    Args:
        rows: The rows of its restorations.
        folder: The output folder.
        side: Pictures are reduced to this side, in pixels.
        place: How the page has its pictures.
    """
    ways = [_way(folder, row) for row in rows]
    samples = tuple(_sample(row, way, folder, side, place) for row, way in zip(rows, ways, strict=True))
    stem = _stem(rows[0])
    name = layout.DISAGREEMENT_MAP.format(stem)
    spread = _read(folder, name) if stem else None
    maps = [split_row(spread)[-1][1]] if spread else []
    cells = [
        *(picture for _, picture in ways[0].pictures[:-1][:1]),
        *(way.pictures[-1][1] for way in ways if way),
        *maps,
    ]
    shown = folder / name if maps else ways[0].file
    return Card(
        printable(worst_status(rows)),
        samples,
        place(_thumbnail(cells), f"{stem}.list", shown) if cells else "",
        place(reduced(maps[0], side), f"{stem}.spread", shown) if maps else "",
    )


def _sample(row: Row, way: "_Way", folder: Path, side: int, place: Place) -> Sample:
    values = {name: _shown(getattr(row, name)) for name in COLUMNS if name != "output"}
    stem = _stem(row)
    if not stem:
        return Sample(values)
    name = layout.FIDELITY_MAP.format(stem)
    difference = _read(folder, name)
    return Sample(
        values,
        _links(folder, stem),
        tuple(_views(way, stem, row.size, side, place)),
        place(reduced(colored(difference), side), f"{stem}.map", folder / name) if difference else "",
    )


def _views(way: "_Way", stem: str, target_size: str, side: int, place: Place) -> Iterator[View]:
    """The pictures of a way; a target smaller than its restoration keeps its own pixels, which the page enlarges."""
    for number, (caption, picture) in enumerate(way.pictures):
        small = _at_size(picture, target_size, side) if caption == "target" else None
        shown = small or reduced(picture, side)
        yield View(printable(caption), place(shown, f"{stem}.{number}", way.file, lossless=small is not None))


def _stem(row: Row) -> str:
    return row.output.removesuffix(".png")


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


@dataclass(frozen=True)
class _Way:
    """Captions and pictures from a target to its restoration, and the file that they are in."""

    pictures: Sequence[tuple[str, Image.Image]]
    file: Path

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.pictures)


def _way(folder: Path, row: Row) -> _Way:
    """The way of a restoration; where no comparison is written, the restoration alone."""
    stem = _stem(row)
    comparison, image = layout.COMPARISON.format(stem), layout.RESTORED_IMAGE.format(stem)
    sheet = _read(folder, comparison) if stem else None
    if sheet is not None:
        return _Way(split_row(sheet), folder / comparison)
    restored = _read(folder, image) if stem else None
    return _Way([] if restored is None else [("restored", restored.convert("RGB"))], folder / image)


def _thumbnail(pictures: Sequence[Image.Image]) -> Image.Image:
    """Pictures beside each other in square cells, more than two of them in two rows."""
    columns = len(pictures) if len(pictures) <= 2 else -(-len(pictures) // 2)
    side = min(THUMBNAIL_SIDE, 4 * THUMBNAIL_SIDE // columns)
    sheet = Image.new("RGBA", (columns * side, -(-len(pictures) // columns) * side))
    for index, picture in enumerate(pictures):
        down, across = divmod(index, columns)
        size = Size(picture.height, picture.width).within(side)
        left, top = across * side + (side - size.width) // 2, down * side + (side - size.height) // 2
        sheet.paste(picture.resize((size.width, size.height)), (left, top))
    return sheet


def _at_size(picture: Image.Image, size: str, side: int) -> Image.Image | None:
    """A picture at a size, ``WxH``; ``None`` unless that is smaller than the picture and than ``side`` pixels."""
    sides = size.split("x")
    if len(sides) == 2 and all(map(str.isdecimal, sides)):
        width, height = map(int, sides)
        if 0 < width < min(side, picture.width) and 0 < height < min(side, picture.height):
            return picture.resize((width, height), Image.Resampling.NEAREST)
    return None


def _links(folder: Path, stem: str) -> dict[str, str]:
    names = {label: pattern.format(stem) for label, pattern in LINKED.items()}
    return {label: quote(os.fsencode(name)) for label, name in names.items() if (folder / name).is_file()}
