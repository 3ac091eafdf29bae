"""Shows the settings and the final numbers of a run in TensorBoard."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.tensorboard.summary import hparams

from rsi.callbacks.event_files import EventFiles, event_files
from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.errors import Interrupted
from rsi.log import printable
from rsi.methods.base import as_method
from rsi.results.folder import FAILED, RESTORED, STOPPED, ResultFolder, Row

ALL = "summary/all images"
METRICS = ("loss", "fidelity", "seconds")
LONGEST_TABLE = 1000


class TensorBoardSummary(Callback):
    """Fills the table of settings and final numbers (HParams): a row for the run and one for each image that is shown.

    The resolved settings and the table of all images are there as text. The numbers are those of ``results.csv``: put
    it after :class:`rsi.callbacks.ResultWriter`.

    Args:
        output_dir: The results' folder.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        self.folder = ResultFolder(output_dir)
        self._settings: dict[str, str] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the settings."""
        self._settings = {**as_method(pl_module).settings, **_data_settings(trainer)}
        writer = _files(trainer).writer(ALL)
        if trainer.is_global_zero:
            writer.add_text("settings", _settings_text(self.folder.local / "config.yaml", self._settings))
        _start_row(writer, {"image": "all", **self._settings})

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Write the rows of the images that are shown when they are done."""
        files = _files(trainer)
        shown = {batch.targets[index].name for index in files.shown(batch)}
        if shown and batch.index + 1 == as_method(pl_module).steps_per_batch:
            for row in self.folder.rows():
                if row.file in shown:
                    self._write_row(files, row)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the row of the run and the table of its images."""
        self._write_run(_files(trainer))

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write what is there when a signal has ended the run."""
        if isinstance(exception, Interrupted):
            self._write_run(_files(trainer))

    def _write_row(self, files: EventFiles, row: Row) -> None:
        writer = files.writer(f"summary/image {files.number(row.file)}")
        _start_row(writer, {"image": printable(row.file), **self._settings, "parameters": row.parameters})
        for metric in METRICS:
            if getattr(row, metric) is not None:
                writer.add_scalar(f"final/{metric}", getattr(row, metric), 1)
        _end_row(writer)

    def _write_run(self, files: EventFiles) -> None:
        first, totals = [], _Totals()
        for row in self.folder.rows():
            totals.add(row)
            if totals.images <= LONGEST_TABLE:
                first.append(row)
        writer = files.writer(ALL)
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


def _files(trainer: Trainer) -> EventFiles:
    return event_files(trainer.callbacks)  # type: ignore[attr-defined]


def _data_settings(trainer: Trainer) -> dict[str, str]:
    data: Any = getattr(trainer, "datamodule", None)
    if not isinstance(data, TargetFolder):
        return {}
    return {"fit": data.fit, "seed": str(data.seed)}


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
