"""Shows how far a folder is."""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from rsi.data.batches import Failure, Step
from rsi.data.folder import TargetFolder
from rsi.data.target import Target
from rsi.log import is_quiet, is_terminal, is_verbose, printable
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.guard import GOING
from rsi.methods.schedule import phase_at, phase_ends

LOSS_EVERY = 10
FILES = (
    "{}.png",
    "comparisons/{}.png",
    "fidelity/{}.png",
    "latents/{}.safetensors",
    "timelapses/{}.webp",
)


class RestorationProgress(ProgressBar):
    """Shows images done, phase, step, loss, speed and time left, and a line for each image that is done or has failed.

    Where standard error is not a terminal, only the lines are printed, those of failures on standard error. How much is
    told is chosen with :func:`rsi.log.set_verbosity`. The bar is that of the first process and counts its share; the
    lines are those of all. Put it after :class:`rsi.callbacks.ResultWriter`.
    """

    def __init__(self) -> None:
        super().__init__()
        self._bar = FolderBar()
        self._failures_told = 0
        self._next_step = 0
        self._skipped = 0

    def disable(self) -> None:
        """Show no bar, on ranks other than the first."""
        self._bar.leave_bar_to_others()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell the settings and count the images."""
        module = as_method(pl_module)
        for name, value in module.settings.items() if trainer.is_global_zero else ():
            self._bar.tell_more(f"{name}: {value}")
        self._bar.start(_share(trainer), module.steps_per_batch)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Show the bar, without images that were finished before and steps that an earlier run has taken."""
        self._bar.show()
        skipped = _skipped(trainer)
        self._bar.leave_out_images(skipped - self._skipped)
        self._skipped = skipped
        if batch.index not in (0, self._next_step):
            self._bar.leave_out(batch.index * len(batch.targets))
        self._next_step = batch.index + 1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Move on by one step of every image of the batch."""
        module = as_method(pl_module)
        phase = phase_at(module.schedule, batch.index)
        self._bar.advance(len(batch.targets), phase.space, batch.index + 1)
        if batch.index % LOSS_EVERY == 0 or batch.index in phase_ends(module.schedule):
            self._bar.show_loss(float(outputs["loss"]))
        if batch.index in phase_ends(module.schedule):
            self._bar.tell_more(f"{phase.space}: loss {float(outputs['loss']):.4f} after {batch.index + 1} steps")
        if batch.index + 1 == module.steps_per_batch:
            self._tell_failures(trainer)
            self._tell_batch(trainer, module, batch)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Tell what failed after the last batch and close the display."""
        self._tell_failures(trainer)
        self._bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self._bar.stop()

    def _tell_batch(self, trainer: Trainer, module: RestorationMethod, batch: Step) -> None:
        losses, stops = module.terms["total"].tolist(), module.guard.stopped_at.tolist()
        for target, loss, stop in zip(batch.targets, losses, stops, strict=True):
            outcome = "restored" if stop == GOING else f"stopped at step {stop}, not finite:"
            notes = "".join(f"; {note}" for note in target.notes)
            self._bar.tell(f"{outcome} {target.name} (loss {loss:.4f}{notes})")
            self._bar.tell_more(f"  files: {', '.join(_files(trainer, target))}")
        self._bar.finish(len(batch.targets))

    def _tell_failures(self, trainer: Trainer) -> None:
        failures = _failures(trainer)[self._failures_told :]
        for failure in failures:
            self._bar.tell_failure(f"failed {failure.name}: {failure.reason}")
        self._bar.finish(len(failures), failed=True)
        self._failures_told += len(failures)


def _folder(trainer: Trainer) -> TargetFolder | None:
    data: Any = getattr(trainer, "datamodule", None)
    return data if isinstance(data, TargetFolder) else None


def _share(trainer: Trainer) -> int:
    data = _folder(trainer)
    return data.share_size(trainer.global_rank, trainer.world_size) if data else 0


def _skipped(trainer: Trainer) -> int:
    data = _folder(trainer)
    return data.skipped if data else 0


def _failures(trainer: Trainer) -> list[Failure]:
    data = _folder(trainer)
    return data.failures if data else []


def _files(trainer: Trainer, target: Target) -> list[str]:
    """The files of an image in the output folder."""
    found = (Path(trainer.default_root_dir, pattern.format(target.output)) for pattern in FILES)
    return [str(path) for path in found if path.is_file()]


ERASE_LINE = "\r\x1b[2K"


class FolderBar:
    """A bar on standard error, where that is a terminal, and lines on standard output.

    The lines stay readable where either is redirected. Where rsi is quiet, lines of failures alone are printed, and
    those on standard error.
    """

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[done]}/{task.fields[images]} images"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[phase]} {task.fields[step]}/{task.fields[steps]}"),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[speed]}/min"),
            TextColumn("{task.fields[left]} left"),
            console=Console(stderr=True, highlight=False),
            redirect_stdout=is_terminal(sys.stdout),
            redirect_stderr=is_terminal(sys.stderr),
            expand=True,
        )
        self._has_bar = True
        self._taken = 0
        self._started = time.monotonic()

    def leave_bar_to_others(self) -> None:
        """Print lines alone, in a terminal in which another process shows its bar."""
        self._has_bar = False

    def start(self, images: int, steps: int) -> None:
        """Get ready.

        Args:
            images: How many images there are to do.
            steps: The steps of an image.
        """
        self._steps, self._started = steps, time.monotonic()
        unknown: dict[str, Any] = {"phase": "", "step": 0, "loss": "-", "speed": "-", "left": "-"}
        self._task = self._progress.add_task("", total=images * steps, images=images, done=0, steps=steps, **unknown)

    def show(self) -> None:
        """Show the bar, unless it is there."""
        if self._has_bar and not is_quiet() and self._progress.console.is_terminal:
            self._progress.start()

    def advance(self, images: int, phase: str, step: int) -> None:
        """Move on by one step of some images."""
        self._taken += images
        self._progress.update(self._task, advance=images, phase=phase, step=step)
        task = self._progress.tasks[0]
        pace = (time.monotonic() - self._started) / self._taken
        left = timedelta(seconds=round(pace * ((task.total or 0) - task.completed)))
        self._progress.update(self._task, speed=_rate(60 / (pace * self._steps)), left=str(left))

    def leave_out_images(self, images: int) -> None:
        """Count fewer images."""
        if images:
            self._progress.update(self._task, images=self._progress.tasks[0].fields["images"] - images)
            self.leave_out(images * self._steps)

    def leave_out(self, steps: int) -> None:
        """Count steps, of all images together, that need not be taken."""
        self._progress.update(self._task, total=(self._progress.tasks[0].total or 0) - steps)

    def show_loss(self, loss: float) -> None:
        """Show a loss."""
        self._progress.update(self._task, loss=f"{loss:.4f}")

    def finish(self, images: int, *, failed: bool = False) -> None:
        """Count images as done; those that failed take no steps."""
        self._progress.update(self._task, done=self._progress.tasks[0].fields["done"] + images)
        if failed:
            self.leave_out(images * self._steps)

    def tell(self, line: str) -> None:
        """Print a line on standard output unless rsi is quiet."""
        if is_quiet():
            return
        if self._progress.live.is_started and is_terminal(sys.stdout):
            self._progress.console.print(Text(printable(line)), soft_wrap=True)
        else:
            self._print(line, sys.stdout)

    def tell_more(self, line: str) -> None:
        """Print a line on standard output where rsi is verbose."""
        if is_verbose():
            self.tell(line)

    def tell_failure(self, line: str) -> None:
        """Print a line on standard error in any case."""
        self._print(line, sys.stderr)

    def stop(self) -> None:
        """Give the terminal back."""
        if self._progress.live.is_started:
            self._progress.stop()

    def _print(self, line: str, file: TextIO | None) -> None:
        if file is None:
            return
        clear = "" if self._has_bar or not is_terminal(file) else ERASE_LINE
        print(f"{clear}{printable(line)}", file=file)


def _rate(per_minute: float) -> str:
    return f"{per_minute:.1f}" if per_minute < 100 else f"{per_minute:.0f}"
