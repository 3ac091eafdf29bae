"""Shows how far a folder is."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TextIO

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from rsi.callbacks.base import BatchBegun, RestorationCallback, RestoredTarget, Run, Stage, StepTaken
from rsi.callbacks.time_left import TimeLeft
from rsi.log import is_quiet, is_terminal, is_verbose, printable
from rsi.results.layout import files_of

LOSS_EVERY = 10
ERASE_LINE = "\r\x1b[2K"


class RestorationProgress(ProgressBar, RestorationCallback):
    """Shows images done, phase, step, loss, speed and time left, and a line for each image that is done or has failed.

    The time left is that of the images in progress and that of all; see :class:`rsi.callbacks.time_left.TimeLeft`.

    Where standard error is not a terminal, only the lines are printed, those of failures on standard error. How much is
    told is chosen with :func:`rsi.log.set_verbosity`. The bar is that of the first process and counts its share; the
    lines are those of all. Put it after :class:`rsi.callbacks.ResultWriter`.

    Args:
        output_dir: The results' folder, whose files are told where rsi is verbose.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        super().__init__()
        self.folder = Path(output_dir)
        self._bar = FolderBar()
        self._failures_told = 0
        self._skipped = 0

    def disable(self) -> None:
        """Show no bar, on ranks other than the first."""
        self._bar.leave_bar_to_others()

    def run_begins(self, run: Run) -> None:
        """Tell the settings and count the images."""
        for name, value in run.settings.items() if run.rank == 0 else ():
            self._bar.tell_more(f"{name}: {value}")
        self._bar.start(run.data.share_size(run.rank, run.world_size) if run.data else 0, run.schedule)

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """Show the bar, without images that were finished before and steps that an earlier run has taken."""
        self._bar.show()
        skipped = run.data.count_finished(run.rank, run.world_size) if run.data else 0
        self._bar.leave_out_images(skipped - self._skipped)
        self._skipped = skipped
        self._bar.leave_out(batch.step * len(batch.targets))

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Move on by one step of every image of the batch; at the last of a phase, tell the loss."""
        self._bar.advance(len(step.targets), step.stage.space, step.index)
        if step.index % LOSS_EVERY == 0 or step.ends_stage:
            self._bar.show_loss(float(step.loss))
        if step.ends_stage:
            self._bar.tell_more(f"{step.stage.space}: loss {float(step.loss):.4f} after {step.index + 1} steps")

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Tell of each image."""
        self._tell_failures(run)
        for image in images:
            target, stop = image.target, image.stopped_at
            outcome = "restored" if stop is None else f"stopped at step {stop}, not finite:"
            notes = "".join(f"; {note}" for note in target.notes)
            self._bar.tell(f"{outcome} {target.name} (loss {image.loss:.4f}{notes})")
            found = (str(self.folder / name) for name in files_of(target.output) if (self.folder / name).is_file())
            self._bar.tell_more(f"  files: {', '.join(found)}")
        self._bar.finish(len(images))

    def folder_done(self, run: Run) -> None:
        """Tell what failed after the last batch and close the display."""
        self._tell_failures(run)
        self._bar.stop()

    def run_interrupted(self, run: Run) -> None:
        """Close the display."""
        self._bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Give the terminal back."""
        self._bar.stop()

    def _tell_failures(self, run: Run) -> None:
        failures = (run.data.failures if run.data else [])[self._failures_told :]
        for failure in failures:
            self._bar.tell_failure(f"failed {failure.name}: {failure.reason}")
        self._bar.finish(len(failures), failed=True)
        self._failures_told += len(failures)


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

    def leave_bar_to_others(self) -> None:
        """Print lines alone, in a terminal in which another process shows its bar."""
        self._has_bar = False

    def start(self, images: int, schedule: Sequence[Stage]) -> None:
        """Get ready.

        Args:
            images: How many images there are to do.
            schedule: The stages of an image.
        """
        self._steps, self._time = sum(stage.steps for stage in schedule), TimeLeft(schedule)
        unknown: dict[str, Any] = {"phase": "", "step": 0, "loss": "-", "speed": "-", "left": "-"}
        total = images * self._steps
        self._task = self._progress.add_task("", total=total, images=images, done=0, steps=self._steps, **unknown)

    def show(self) -> None:
        """Show the bar, unless it is there."""
        if self._has_bar and not is_quiet() and self._progress.console.is_terminal:
            self._progress.start()

    def advance(self, images: int, phase: str, index: int) -> None:
        """Move on by one step of some images, whose number is ``index``."""
        self._time.step_taken(index, images)
        self._progress.update(self._task, advance=images, phase=phase, step=index + 1)
        if self._time.is_known:
            shown = self._progress.tasks[0].fields
            others = max(shown["images"] - shown["done"] - images, 0)
            left = f"{_clock(self._time.of_batch(index))} / {_clock(self._time.of_folder(index, others))}"
            self._progress.update(self._task, speed=_rate(60 / self._time.of_others), left=left)

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


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _rate(per_minute: float) -> str:
    return f"{per_minute:.1f}" if per_minute < 100 else f"{per_minute:.0f}"
