"""Shows how far a folder is."""

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.finite import GOING
from rsi.log import printable
from rsi.phases import phase_at
from rsi.restoration import Restoration, as_restoration

LOSS_EVERY = 10


class RestorationProgress(ProgressBar):
    """Shows phase, step, loss, images done and time left, and a line for each image when it is done or has failed.

    Where the output is not a terminal, only the lines are printed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._console = Console(highlight=False, soft_wrap=True)
        self._progress = _progress(self._console)
        self._failures_told = 0

    def disable(self) -> None:
        """Show nothing, on ranks other than the first."""
        self._console.quiet = True

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the display."""
        images = _images(trainer)
        steps = as_restoration(pl_module).steps_per_batch
        self._task = self._progress.add_task("", total=images * steps, images=images, done=0, phase="", step=0, loss="")
        if self._console.is_terminal:
            self._progress.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Move on by one step of every image of the batch."""
        module = as_restoration(pl_module)
        phase = phase_at(module.schedule, batch.index).space
        self._progress.update(self._task, advance=len(batch.targets), phase=phase, step=batch.index + 1)
        if batch.index % LOSS_EVERY == 0:
            self._progress.update(self._task, loss=f"{float(outputs['loss']):.4f}")
        if batch.index + 1 == module.steps_per_batch:
            self._tell_batch(trainer, module, batch)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what failed after the last batch and close the display."""
        self._tell_failures(trainer)
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self._close()

    def _close(self) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def _tell_batch(self, trainer: Trainer, module: Restoration, batch: Step) -> None:
        self._tell_failures(trainer)
        losses, stops = module.terms["total"].tolist(), module.guard.stopped_at.tolist()
        for target, loss, stop in zip(batch.targets, losses, stops, strict=True):
            outcome = "restored" if stop == GOING else f"stopped at step {stop}, not finite:"
            notes = "".join(f"; {note}" for note in target.notes)
            self._console.print(printable(f"{outcome} {target.name} (loss {loss:.4f}{notes})"), markup=False)
        done = self._progress.tasks[0].fields["done"] + len(batch.targets)
        self._progress.update(self._task, done=done)

    def _tell_failures(self, trainer: Trainer) -> None:
        failures = _failures(trainer)
        for failure in failures[self._failures_told :]:
            self._console.print(printable(f"failed {failure.name}: {failure.reason}"), markup=False)
        self._failures_told = len(failures)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.fields[done]}/{task.fields[images]} images"),
        BarColumn(),
        TextColumn("{task.fields[phase]} step {task.fields[step]} loss {task.fields[loss]}"),
        TimeRemainingColumn(),
        console=console,
    )


def _images(trainer: Trainer) -> int:
    data: Any = getattr(trainer, "datamodule", None)
    return len(data.pending) if isinstance(data, TargetFolder) else 0


def _failures(trainer: Trainer) -> list[Any]:
    data: Any = getattr(trainer, "datamodule", None)
    return data.failures if isinstance(data, TargetFolder) else []
