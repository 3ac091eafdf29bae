"""Shows the settings and the final numbers of a run in TensorBoard."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from torch.utils.tensorboard.summary import hparams

from rsi.callbacks.base import Restored, Run
from rsi.callbacks.event_files import TensorBoardCallback
from rsi.log import printable
from rsi.results import layout
from rsi.results.folder import ResultFolder
from rsi.results.records import FAILED, RESTORED, STOPPED, Row

ALL = "summary/all images"
METRICS = ("loss", "fidelity", "seconds")
LONGEST_TABLE = 1000


class TensorBoardSummary(TensorBoardCallback):
    """Fills the table of settings and final numbers (HParams): a row for the run and one for each image that is shown.

    The resolved settings and the table of all images are there as text. The numbers are those of ``results.csv``: put
    it after :class:`rsi.callbacks.ResultWriter`.

    Args:
        output_dir: The results' folder.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        self.folder = ResultFolder(output_dir)
        self._settings: dict[str, str] = {}

    def run_begins(self, run: Run) -> None:
        """Settle what the settings are."""
        self._settings = {**run.settings, **({"fit": run.data.fit, "seed": str(run.data.seed)} if run.data else {})}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the settings."""
        writer = self.files.writer(ALL)
        if trainer.is_global_zero:
            writer.add_text("settings", _settings_text(self.folder.local / layout.CONFIG, self._settings))
        _start_row(writer, {"image": "all", **self._settings})

    def batch_restored(self, run: Run, images: Sequence[Restored]) -> None:
        """Write the rows of the images that are shown."""
        targets = [image.target for image in images]
        rows = [self.folder.row(targets[index].name) for index in self.files.shown(targets)]
        for row in filter(None, rows):
            self._write_row(row)

    def folder_done(self, run: Run) -> None:
        """Write the row of the run and the table of its images."""
        self._write_run()

    def run_interrupted(self, run: Run) -> None:
        """Write what is there."""
        self._write_run()

    def _write_row(self, row: Row) -> None:
        writer = self.files.writer(f"summary/image {self.files.number(row.file)}")
        _start_row(writer, {"image": printable(row.file), **self._settings, "parameters": row.parameters})
        for metric in METRICS:
            if getattr(row, metric) is not None:
                writer.add_scalar(f"final/{metric}", getattr(row, metric), 1)
        _end_row(writer)

    def _write_run(self) -> None:
        first, totals = [], _Totals()
        for row in self.folder.rows():
            totals.add(row)
            if totals.images <= LONGEST_TABLE:
                first.append(row)
        writer = self.files.writer(ALL)
        for name, value in totals.numbers():
            writer.add_scalar(f"final/{name}", value, totals.images)
        writer.add_text("results", _results_text(first, totals.images), totals.images)
        _end_row(writer)


class _Totals:
    """How many images have which status, and the means of their numbers."""

    def __init__(self) -> None:
        self.images = 0
        self._statuses = Counter({RESTORED: 0, STOPPED: 0, FAILED: 0})
        self._sums: dict[str, float] = dict.fromkeys(METRICS, 0.0)
        self._counts = dict.fromkeys(METRICS, 0)

    def add(self, row: Row) -> None:
        self.images += 1
        self._statuses[row.status] += 1
        for metric in METRICS:
            value = getattr(row, metric)
            if value is not None:
                self._sums[metric] += value
                self._counts[metric] += 1

    def numbers(self) -> Iterator[tuple[str, float]]:
        for metric, count in self._counts.items():
            if count:
                yield metric, self._sums[metric] / count
        for status, count in self._statuses.items():
            yield f"images_{status}", count


def _start_row(writer: Any, settings: dict[str, str]) -> None:
    _, start, _ = hparams(settings, {})  # type: ignore[no-untyped-call]
    writer.file_writer.add_summary(start)


def _end_row(writer: Any) -> None:
    _, _, end = hparams({}, {})  # type: ignore[no-untyped-call]
    writer.file_writer.add_summary(end)


def _settings_text(config: Path, settings: dict[str, str]) -> str:
    """The resolved options, where the run has such a file, or else the settings alone."""
    lines = config.read_text() if config.is_file() else "\n".join(f"{k}: {v}" for k, v in settings.items())
    return f"```yaml\n{lines}\n```"


def _results_text(rows: Sequence[Row], images: int) -> str:
    columns = ("file", "status", *METRICS, "parameters", "notes")
    lines = [columns, ["---"] * len(columns), *([_cell(getattr(row, c)) for c in columns] for row in rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    left_out = images - len(rows)
    return f"{table}\n\n{left_out} more are in results.csv." if left_out else table


def _cell(value: object) -> str:
    text = "" if value is None else printable(str(value))
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+-!|" else c for c in text)
