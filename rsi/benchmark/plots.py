"""Pictures of the benchmark: curves of the measures against the levels, and images side by side."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from rsi.benchmark.entries import Entry
from rsi.benchmark.grid import Grid
from rsi.benchmark.measures import MEASURES
from rsi.benchmark.tasks import Task
from rsi.data.pictures import CAPTION_HEIGHT, GAP, side_by_side
from rsi.data.reading import read_picture
from rsi.degradations import LEVELS
from rsi.results.folder import ResultFolder
from rsi.storage.atomic import atomic_path

IMAGES = 4  # of a sheet
LARGEST_SIDE = 256  # of an image in a sheet, in pixels


def plot_levels(path: Path, entries: Sequence[Entry]) -> bool:
    """Draw every measure against the level, a panel per task and a line per method.

    Args:
        path: The PNG file.
        entries: The numbers; published ones are drawn with dashes.

    Returns:
        Whether there was anything to draw: a task with several levels.
    """
    names = [name for name in dict.fromkeys(e.task.name for e in entries) if len(_levels(entries, name)) > 1]
    if not names:
        return False
    colors = {method: f"C{index}" for index, method in enumerate(dict.fromkeys(e.method for e in entries))}
    figure = Figure(figsize=(3.4 * len(names), 2.6 * len(MEASURES)), layout="constrained")
    panels = figure.subplots(len(MEASURES), len(names), squeeze=False)
    for row, (measure, facts) in zip(panels, MEASURES.items(), strict=True):
        for panel, name in zip(row, names, strict=True):
            _draw(panel, measure, [entry for entry in entries if entry.task.name == name], colors)
        row[0].set_ylabel(facts.label)
    for panel, name in zip(panels[0], names, strict=True):
        panel.set_title(name)
    lines = {line.get_label(): line for panel in panels.flat for line in panel.lines}
    figure.legend(handles=list(lines.values()), loc="outside lower center", ncols=6, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    return True


def _draw(panel: Axes, measure: str, entries: Sequence[Entry], colors: Mapping[str, str]) -> None:
    levels = [level for level in LEVELS if level in _levels(entries, entries[0].task.name)]
    for method in dict.fromkeys(entry.method for entry in entries):
        found = {e.task.level: getattr(e, measure) for e in entries if e.method == method}
        heights = [float("nan") if found.get(level) is None else found[level] for level in levels]
        dashed = any(entry.published for entry in entries if entry.method == method)
        line = "o--" if dashed else "o-"
        panel.plot(range(len(levels)), heights, line, color=colors[method], label=method, markersize=4)
    panel.set_xticks(range(len(levels)), levels)
    panel.grid(alpha=0.3)


def _levels(entries: Sequence[Entry], name: str) -> set[str]:
    return {entry.task.level for entry in entries if entry.task.name == name}


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
            side = min(max(grid.clean.resolution), LARGEST_SIDE)
            yield side_by_side([*images, grid.clean.read(stem)], captions, side)


def _outputs(run: Path) -> dict[str, Path]:
    return {row.file.rpartition(".")[0]: run / row.output for row in ResultFolder(run).rows() if row.is_done}


def _stack(rows: Sequence[Image.Image]) -> Image.Image:
    """Rows below each other, with the captions of the first alone."""
    kept = [rows[0], *(row.crop((0, CAPTION_HEIGHT, row.width, row.height)) for row in rows[1:])]
    sheet = Image.new("RGB", (rows[0].width, sum(row.height + GAP for row in kept) - GAP), "white")
    top = 0
    for row in kept:
        sheet.paste(row, (0, top))
        top += row.height + GAP
    return sheet
