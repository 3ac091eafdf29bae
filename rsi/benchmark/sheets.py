"""Pictures of targets, restorations and clean images side by side."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from rsi.benchmark.grid import Grid
from rsi.benchmark.tasks import Task
from rsi.data.pictures import CAPTION_HEIGHT, GAP, side_by_side
from rsi.data.reading import read_picture
from rsi.results.folder import ResultFolder
from rsi.results.records import FAILED
from rsi.storage.atomic import atomic_path

IMAGES = 4
LARGEST_SIDE = 256


def write_sheets(grid: Grid, folder: Path) -> None:
    """Write a sheet per task: target, every method's result and ground truth of the first images, a row each."""
    for task in grid.tasks:
        rows = list(_rows(grid, task))
        if rows:
            with atomic_path(folder / f"{task.id}.png") as path:
                _stack(rows).save(path, "PNG")


def _rows(grid: Grid, task: Task) -> Iterator[Image.Image]:
    methods = [method for method in grid.methods if method.takes(task)]
    outputs = [_outputs(grid.results(task, method)) for method in methods]
    captions = ["target", *(method.name for method in methods), "ground truth"]
    for stem in grid.clean.stems[:IMAGES]:
        if all(stem in paths for paths in outputs):
            target = grid.targets(task) / f"{stem}{task.suffix}"
            images = [read_picture(path).rgb for path in (target, *(paths[stem] for paths in outputs))]
            yield side_by_side([*images, grid.clean.read(stem)], captions, min(grid.clean.resolution, LARGEST_SIDE))


def _outputs(run: Path) -> dict[str, Path]:
    return {row.file.rpartition(".")[0]: run / row.output for row in ResultFolder(run).rows() if row.status != FAILED}


def _stack(rows: Sequence[Image.Image]) -> Image.Image:
    """Rows below each other, with the captions of the first alone."""
    kept = [rows[0], *(row.crop((0, CAPTION_HEIGHT, row.width, row.height)) for row in rows[1:])]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height + GAP for row in kept) - GAP), "white")
    top = 0
    for row in kept:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    return sheet
