"""The report in words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from rsi.benchmark.differences import differences
from rsi.benchmark.entries import Entry, entries_of, published_entries
from rsi.benchmark.measurement import TARGET, Measurement
from rsi.benchmark.measures import MEASURES, OF_IMAGES, measure_text
from rsi.benchmark.table_layout import Cell, Rank, Table, lay_out, ranks
from rsi.benchmark.tasks import Task
from rsi.benchmark.text_tables import csv_table, markdown_table
from rsi.methods.schedule import SPACES
from rsi.storage.atomic import atomic_path

MARKDOWN: dict[Rank, str] = {"best": "**{}**", "second": "<u>{}</u>", "": "{}"}
LATEX: dict[Rank, str] = {"best": r"\textbf{{{}}}", "second": r"\underline{{{}}}", "": "{}"}
READING = (
    "Every cell gives accuracy, fidelity and pFID, of which less is better, then PSNR in dB and SSIM, of which more is "
    "better. Accuracy: perceptual distance to the clean image. Fidelity: perceptual distance of the truly degraded "
    "restoration to the target, by the network that methods minimise. pFID: Frechet distance between random crops of "
    "restored and clean images. Of several methods the best is bold and the second best underlined, but for fidelity."
)
DIFFERENCES = (
    "Published numbers are the paper's: FFHQ at 1024 px on 100 photographs (FFHQ-X), against DDRM CelebA at 256 px; "
    "LPIPS-VGG; pFID on Inception's features. Here: {conditions}. Where these differ the numbers cannot be compared."
)


@dataclass(frozen=True)
class Conditions:
    """What the numbers were measured with.

    Attributes:
        generator: The generator and its resolution.
        images: The folder of clean images and how many were used.
        judge: The network of accuracy.
        perceptual: The network of fidelity, which methods minimise.
        features: The features of pFID and their crops.
    """

    generator: str
    images: str
    judge: str
    perceptual: str
    features: str

    def __str__(self) -> str:
        """One line."""
        return (
            f"generator {self.generator}; {self.images}; accuracy by {self.judge}; fidelity by {self.perceptual}; "
            f"pFID on {self.features}"
        )


def write_tables(
    folder: Path,
    measurements: Sequence[Measurement],
    tasks: Sequence[Task],
    conditions: Conditions,
    *,
    against_paper: bool,
) -> None:
    """Write ``table.md``, ``table.tex``, ``table.csv``, ``per_image.csv``, ``phases.md`` and ``differences.md``.

    Args:
        folder: Where they go.
        measurements: What was measured.
        tasks: The tasks, in the order of the rows.
        conditions: What it was measured with.
        against_paper: Put the published numbers beside ours.
    """
    ours = entries_of(measurements, tasks)
    measured = {entry.task for entry in ours}
    published = published_entries([task for task in tasks if task in measured]) if against_paper else []
    notes = [f"Measured with: {conditions}.", READING]
    if published:
        notes.append(DIFFERENCES.format(conditions=conditions))
    notes += _of_fewer_images(ours)
    tables = lay_out([*ours, *published])
    files = {
        "table.md": "\n\n".join([*notes, *map(_markdown, tables)]),
        "table.tex": "\n\n".join([*(f"% {note}" for note in notes), *map(_latex, tables)]),
        "table.csv": _table_csv([*ours, *published]),
        "per_image.csv": _per_image_csv(measurements),
        "phases.md": _phases(measurements),
        "differences.md": _differences(measurements),
    }
    for name, text in files.items():
        with atomic_path(folder / name) as path:
            path.write_text(text.rstrip("\n") + "\n")


def _markdown(table: Table) -> str:
    rows = [(task, method, *(_cell(cell, MARKDOWN, " ") for cell in cells)) for task, method, cells in table.rows]
    return f"## {table.title}\n\n{markdown_table(('task', 'method', *table.levels), rows)}"


def _latex(table: Table) -> str:
    heads = " & ".join(rf"\multicolumn{{{len(MEASURES)}}}{{c}}{{{level}}}" for level in table.levels)
    rows = [
        " & ".join(_escape(text) for text in (task, method)) + " & " + " & ".join(_cell(c, LATEX, " & ") for c in cells)
        for task, method, cells in table.rows
    ]
    columns = "ll" + "r" * len(MEASURES) * len(table.levels)
    body = "".join(f"{row} \\\\\n" for row in (rf"task & method & {heads}", *rows))
    return f"% {table.title}\n\\begin{{tabular}}{{{columns}}}\n{body}\\end{{tabular}}"


def _cell(cell: Cell, marks: dict[Rank, str], separator: str) -> str:
    return separator.join(marks[rank].format(text) for text, rank in cell)


def _escape(text: str) -> str:
    return text.replace("_", r"\_")


def _of_fewer_images(entries: Sequence[Entry]) -> list[str]:
    """A note on the methods that could not restore all images of a task, if there are some."""
    most = max((entry.images or 0 for entry in entries), default=0)
    fewer = [f"{e.method} on {e.task.id}, {e.images}" for e in entries if (e.images or 0) < most]
    return [f"Of fewer than {most} images: {'; '.join(fewer)}."] if fewer else []


def _phases(measurements: Sequence[Measurement]) -> str:
    stations = (TARGET, *SPACES)
    rows = [(found.task, found.method, *(_station(found, name) for name in stations)) for found in measurements]
    reading = (
        "PSNR in dB, SSIM and perceptual distance to the clean image, of the target (enlarged by the bicubic filter if "
        "it is smaller) and at the end of each phase."
    )
    return f"{reading}\n\n{markdown_table(('task', 'method', *stations), rows)}"


def _station(found: Measurement, name: str) -> str:
    reached = [scores.path[name] for scores in found.images if name in scores.path]
    if not reached:
        return "-"
    names = ("psnr", "ssim", "accuracy")
    return " ".join(measure_text(name, fmean(getattr(d, name) for d in reached)) for name in names)


def _differences(measurements: Sequence[Measurement]) -> str:
    reading = (
        f"Every other method less {measurements[0].method}, image by image: the mean and its standard error. "
        "Less than two standard errors can be chance."
    )
    rows = [
        (found.task, found.method, str(found.images), *map(_difference, OF_IMAGES, found.means, found.errors))
        for found in differences(measurements)
    ]
    return f"{reading}\n\n{markdown_table(('task', 'method', 'images', *OF_IMAGES), rows)}"


def _difference(measure: str, mean: float, error: float) -> str:
    sign = "-" if mean < 0 else "+"
    return f"{sign}{measure_text(measure, abs(mean))} ± {measure_text(measure, error)}"


def _table_csv(entries: Sequence[Entry]) -> str:
    names = (*MEASURES, "images", "seconds")
    rank_of, marks = ranks(entries), ("best", "second")
    rows = []
    for e in entries:
        of_mark = (" ".join(m for m in MEASURES if rank_of.get((e.method, e.task.id, m)) == mark) for mark in marks)
        rows.append((e.method, e.task.name, e.task.level, *(_digits(getattr(e, name)) for name in names), *of_mark))
    return csv_table(("method", "task", "level", *names, *marks), rows)


def _per_image_csv(measurements: Sequence[Measurement]) -> str:
    names = (*OF_IMAGES, "seconds")
    rows = [
        (found.method, found.task, scores.stem, *(_digits(scores.value(name)) for name in names))
        for found in measurements
        for scores in found.images
    ]
    return csv_table(("method", "task", "image", *names), rows)


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
