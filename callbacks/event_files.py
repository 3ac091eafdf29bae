"""The event files that TensorBoard reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from lightning_fabric.loggers.logger import rank_zero_experiment
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only
from torch.utils.tensorboard import SummaryWriter

from rsi.callbacks.base import RestorationCallback, Run
from rsi.callbacks.event_writer import EventWriter
from rsi.data.target import Target
from rsi.log import printable
from rsi.storage.atomic import remove_partial

AVERAGE = ".average"


class EventFiles(RestorationCallback):
    """Opens the event files that the TensorBoard callbacks share: a run of TensorBoard for the folder and one a phase.

    The folder's is the run of the Trainer's ``TensorBoardLogger``; a Trainer without one is given one. The phases' are
    folders inside it. Every process writes files of its own, which end in its rank. Where they cannot be written, the
    run goes on without. Put it after those that use it.

    Args:
        log_dir: Where the event files go, unless the Trainer has a ``TensorBoardLogger``.
        images: How many images of the folder, the first ones, have charts and pictures of their own.
        overwrite: Remove the event files of earlier runs.

    Attributes:
        log_dir: Where the event files go.
        has_logger_of_its_own: The Trainer had no ``TensorBoardLogger``.
    """

    def __init__(self, log_dir: str = "restored/logs", images: int = 8, overwrite: bool = False) -> None:
        self.log_dir = Path(log_dir)
        self.images = images
        self.overwrite = overwrite
        self.has_logger_of_its_own = False
        self._logger: TensorBoardLogger | None = None
        self._writers: dict[str, EventWriter] = {}
        self._shown: set[str] = set()
        self._rank = 0

    def run_begins(self, run: Run) -> None:
        """Settle which images are shown."""
        self._shown = set(run.data.names.first(self.images)) if run.data else set()
        self._rank = run.rank

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the Trainer's logger or make one, and remove what a killed process of this rank has left."""
        self._logger = find_tensorboard_logger(trainer)
        if self._logger is None:
            self._logger = _FolderLogger(
                self.log_dir.parent,
                name="",
                version=self.log_dir.name,
                default_hp_metric=False,
                filename_suffix=self._suffix,
            )
            self.has_logger_of_its_own = True
            trainer.loggers = [*trainer.loggers, self._logger]
        self.log_dir = Path(self._logger.log_dir)
        remove_partial(self.averages_path.parent)
        if self.overwrite:
            self.averages_path.unlink(missing_ok=True)
            self._remove(self.log_dir, "")
            self._remove(self.log_dir, AVERAGE)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the files."""
        self._close()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Close the files."""
        self._close()

    @property
    def folder_writer(self) -> Any:
        """The writer of the run of the folder."""
        if self._rank or self._logger is None:
            return self._open("", "")  # the logger writes in the first process alone
        return self._logger.experiment

    def phase_writer(self, phase: str) -> Any:
        """The writer of the run of a phase."""
        return self._open(phase, "")

    def new_average_writer(self, phase: str) -> Any:
        """A writer of the run of a phase whose files replace those of the last one."""
        self._remove(self.log_dir / phase, AVERAGE)
        return self._open(phase, AVERAGE)

    def shown(self, targets: Sequence[Target]) -> list[int]:
        """Which images of a batch are shown, as indices into it."""
        return [index for index, target in enumerate(targets) if target.name in self._shown]

    @property
    def average_tag(self) -> str:
        """What the charts of the averages of this process are grouped under."""
        return f"average of rank {self._rank}" if self._rank else "average"

    @property
    def averages_path(self) -> Path:
        """Where the averages are kept for a later run that goes on."""
        return self.log_dir / "averages" / f"rank-{self._rank}" / "sums.json"

    @property
    def _suffix(self) -> str:
        return f".{self._rank}"

    def _open(self, run: str, kind: str) -> EventWriter:
        suffix = f"{self._suffix}{kind}"
        if run + suffix not in self._writers:
            self._writers[run + suffix] = EventWriter(self.log_dir / run, suffix, self.log_dir)
        return self._writers[run + suffix]

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()

    def _remove(self, folder: Path, kind: str) -> None:
        for path in folder.rglob(f"events.out.tfevents.*{self._suffix}{kind}"):
            path.unlink()


def find_tensorboard_logger(trainer: Trainer) -> TensorBoardLogger | None:
    """The Trainer's logger that writes event files, if it has one."""
    return next((logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)), None)


def image_tag(name: str, what: str) -> str:
    """The tag of something of an image, another for every name.

    TensorBoard groups by what comes before the first slash: those of the name become colons. A backslash marks colons
    and backslashes of the name itself, as it does in the escapes of characters that cannot be shown.
    """
    escaped = name.replace("\\", "\\\\").replace(":", "\\:")
    return f"image {printable(escaped).replace('/', ':')}/{what}"


class _FolderLogger(TensorBoardLogger):
    """Lightning's without ``hparams.yaml``: ``config.yaml`` has more, and the event files have the same.

    Before it writes that file it asks whether the folder is in a cloud, and imports the libraries of all clouds for it.
    """

    @property
    @rank_zero_experiment
    def experiment(self) -> SummaryWriter:
        """The writer of the run of the folder."""
        if self._experiment is None:
            logs = Path(self.log_dir)
            self._experiment = EventWriter(logs, self._kwargs["filename_suffix"], logs)
        return self._experiment

    @rank_zero_only
    def save(self) -> None:
        """Write what is there."""
        self.experiment.flush()


class TensorBoardCallback(RestorationCallback):
    """A callback that writes to the event files of the run; put it before :class:`EventFiles`."""

    files: EventFiles

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the event files.

        Raises:
            TypeError: The trainer has none.
        """
        callbacks: list[Callback] = cast(Any, trainer).callbacks
        found = next((callback for callback in callbacks if isinstance(callback, EventFiles)), None)
        if found is None:
            raise TypeError("callbacks for TensorBoard need rsi.callbacks.EventFiles after them")
        self.files = found
