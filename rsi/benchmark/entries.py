"""The numbers of the tables, ours and published ones."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from rsi.benchmark.measurement import Measurement
from rsi.benchmark.tasks import Task


@dataclass(frozen=True)
class Entry:
    """The numbers of one method on one task.

    Attributes:
        method: What the method is called in tables.
        task: The task.
        accuracy: Mean perceptual distance to the clean images by the judge, lower is better.
        fidelity: Mean perceptual distance of the degraded restorations to the targets, by the methods' own network.
        pfid: Distance between random crops, lower is better.
        psnr: Mean peak signal-to-noise ratio in dB, higher is better.
        ssim: Mean structural similarity, higher is better.
        images: How many images were restored.
        seconds: Mean time of an image.
        published: The numbers are the paper's.
    """

    method: str
    task: Task
    accuracy: float | None
    fidelity: float | None
    pfid: float | None
    psnr: float | None = None
    ssim: float | None = None
    images: int | None = None
    seconds: float | None = None
    published: bool = False


def entries_of(measurements: Sequence[Measurement], tasks: Sequence[Task]) -> list[Entry]:
    """The entries of measurements on some of the tasks."""
    by_id = {task.id: task for task in tasks}
    return [
        Entry(
            method=found.method,
            task=by_id[found.task],
            accuracy=found.mean("accuracy"),
            fidelity=found.mean("fidelity"),
            pfid=found.pfid,
            psnr=found.mean("psnr"),
            ssim=found.mean("ssim"),
            images=len(found.images),
            seconds=found.mean("seconds"),
        )
        for found in measurements
    ]


def published_entries(tasks: Sequence[Task]) -> list[Entry]:
    """What the paper's tables 1 to 3 give for some of the tasks (RSI)."""
    text = resources.files("rsi.benchmark").joinpath("published.csv").read_text()
    by_key = {(task.name, task.level): task for task in tasks}
    return [
        Entry(
            method=f"{row['method']} (published)",
            task=by_key[row["task"], row["level"]],
            accuracy=float(row["accuracy"]),
            fidelity=float(row["fidelity"]) if row["fidelity"] else None,
            pfid=float(row["pfid"]),
            published=True,
        )
        for row in csv.DictReader(text.splitlines())
        if (row["task"], row["level"]) in by_key
    ]
