"""Shows the settings and the final numbers of a run in TensorBoard."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from torch.utils.tensorboard.summary import hparams

from rsi.callbacks.base import Run
from rsi.callbacks.event_files import TensorBoardCallback
from rsi.log import printable
from rsi.results import layout
from rsi.results.folder import ResultFolder
from rsi.results.records import FAILED, RESTORED, STOPPED, Row

METRICS = ("fidelity", "loss", "seconds")
LONGEST_TABLE = 1000


class TensorBoardSummary(TensorBoardCallback):
    """Fills the table of settings and final numbers (HParams), and writes both as text.

    The settings are those in force, the numbers the means of ``results.csv`` and how many images have which status: put
    it after :class:`rsi.callbacks.ResultWriter`. Where the Trainer had a logger for TensorBoard, Lightning has filled
    in the settings.

    Args:
        output_dir: The results' folder.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        self.folder = ResultFolder(output_dir)
        self._settings: dict[str, Any] = {}

    def run_begins(self, run: Run) -> None:
        """Settle what the settings are."""
        self._settings = {name: _hyperparameter(value) for name, value in run.hyperparameters.items()}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the settings."""
        writer = self.files.folder_writer
        if trainer.is_global_zero:
            writer.add_text("settings", _settings_text(self.folder.local / layout.CONFIG, self._settings))
        if self.files.has_logger_of_its_own:
            experiment, start, _ = hparams(self._settings, dict.fromkeys(_Totals().names, 0.0))  # type: ignore[no-untyped-call]
            writer.file_writer.add_summary(experiment)
            writer.file_writer.add_summary(start)

    def folder_done(self, run: Run) -> None:
        """Write the numbers of the run and the table of its images."""
        self._write_run()

    def run_interrupted(self, run: Run) -> None:
        """Write what is there."""
        self._write_run()

    def _write_run(self) -> None:
        first, totals = [], _Totals()
        for row in self.folder.rows():
            totals.add(row)
            if totals.images <= LONGEST_TABLE:
                first.append(row)
        writer = self.files.folder_writer
        for name, value in totals.numbers():
            writer.add_scalar(name, value, totals.images)
        writer.add_text("results", _results_text(first, totals.images), totals.images)
        _, _, end = hparams({}, {})  # type: ignore[no-untyped-call]
        writer.file_writer.add_summary(end)


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

    @property
    def names(self) -> list[str]:
        return [f"final/{name}" for name in (*METRICS, *(f"images_{status}" for status in self._statuses))]

    def numbers(self) -> Iterator[tuple[str, float]]:
        for metric, count in self._counts.items():
            if count:
                yield f"final/{metric}", self._sums[metric] / count
        for status, count in self._statuses.items():
            yield f"final/images_{status}", count


def _hyperparameter(value: object) -> bool | int | float | str:
    """A value of a kind that TensorBoard's table takes."""
    return value if isinstance(value, bool | int | float) else printable(str(value))


def _settings_text(config: Path, settings: dict[str, Any]) -> str:
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
