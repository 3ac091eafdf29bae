"""The event files that TensorBoard reads."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.tensorboard import SummaryWriter

from rsi.callbacks.base import RestorationCallback, Run
from rsi.data.target import Target
from rsi.log import printable
from rsi.storage.atomic import remove_partial

FLUSH_SECONDS = 20


class EventFiles(RestorationCallback):
    """Opens the event files that the TensorBoard callbacks share, one per run of TensorBoard, and closes them.

    Every process writes files of its own, which end in its rank. TensorBoard shows nothing at first where there are
    more than 40 runs, so images share runs and are told apart by tags. Put it after those that use it.

    Args:
        log_dir: Where the event files go.
        images: How many images of the folder, the first ones, have charts and pictures of their own.
        overwrite: Remove the event files of earlier runs.
    """

    def __init__(self, log_dir: str = "restored/logs", images: int = 8, overwrite: bool = False) -> None:
        self.log_dir = Path(log_dir)
        self.images = images
        self.overwrite = overwrite
        self._writers: dict[str, SummaryWriter] = {}
        self._shown: dict[str, int] = {}
        self._rank = 0

    def run_begins(self, run: Run) -> None:
        """Settle which images are shown; remove what a killed process of this rank has left."""
        names = run.data.names.first(self.images) if run.data else []
        self._shown = {name: number for number, name in enumerate(names, 1)}
        self._rank = run.rank
        remove_partial(self.averages_path.parent)
        if self.overwrite:
            self._remove()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the files."""
        self._close()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Close the files."""
        self._close()

    def writer(self, run: str) -> Any:
        """The writer of a run, a folder below ``log_dir``."""
        if run not in self._writers:
            folder = str(self.log_dir / run)
            self._writers[run] = SummaryWriter(folder, filename_suffix=self._suffix, flush_secs=FLUSH_SECONDS)
        return self._writers[run]

    def shown(self, targets: Sequence[Target]) -> list[int]:
        """Which images of a batch are shown, as indices into it."""
        return [index for index, target in enumerate(targets) if target.name in self._shown]

    def number(self, name: str) -> int | None:
        """The place of an image among those shown, from 1; ``None`` if it is not."""
        return self._shown.get(name)

    @property
    def averages(self) -> str:
        """The name below which the averages of this process have their runs."""
        return f"average of rank {self._rank}" if self._rank else "average"

    @property
    def averages_path(self) -> Path:
        """Where the averages are kept for a later run that goes on."""
        return self.log_dir / "averages" / f"rank-{self._rank}" / "sums.json"

    @property
    def _suffix(self) -> str:
        return f".{self._rank}"

    def _close(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()

    def _remove(self) -> None:
        self.averages_path.unlink(missing_ok=True)
        for path in self.log_dir.rglob(f"events.out.tfevents.*{self._suffix}"):
            path.unlink()


def image_tag(name: str, what: str) -> str:
    """The tag of something of an image, another for every name.

    TensorBoard groups by what comes before the first slash: those of the name become colons. A backslash marks colons
    and backslashes of the name itself, as it does in the escapes of characters that cannot be shown.
    """
    escaped = name.replace("\\", "\\\\").replace(":", "\\:")
    return f"image {printable(escaped).replace('/', ':')}/{what}"


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
