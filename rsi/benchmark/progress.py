"""Shows how far the grid of methods and tasks is."""

import time
from datetime import timedelta

from pytorch_lightning import Callback, LightningModule, Trainer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rsi.data.batches import Step
from rsi.log import is_quiet, is_verbose, printable
from rsi.methods.base import RestorationMethod, as_method


class GridProgress(Callback):
    """Shows which task and method is running and the time left for all of them, and a line for each that is done.

    Where the output is not a terminal, only the lines are printed; where rsi is verbose, one for each image, too. Use
    it as a context.

    Args:
        runs: How many pairs of method and task there are.
        steps: Steps that all of them take together, counted for each image.
    """

    def __init__(self, runs: int, steps: int) -> None:
        self._console = Console(highlight=False, soft_wrap=True, quiet=is_quiet())
        self._progress = Progress(
            TextColumn("{task.fields[done]}/{task.fields[runs]} {task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:.0f} %"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._bar = self._progress.add_task("", total=steps, runs=runs, done=0)
        self._runs, self._done = runs, 0
        self._left, self._taken = steps, 0
        self._started = time.monotonic()
        self._next_step = 0

    def __enter__(self) -> "GridProgress":
        """Start the display."""
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Give the terminal back."""
        self._progress.stop()

    def start_run(self, label: str) -> None:
        """Show which method and task is running."""
        self._progress.update(self._bar, description=label)

    def skip(self, steps: int) -> None:
        """Count steps that an earlier run has taken."""
        self._left -= steps
        self._progress.update(self._bar, total=self._left + self._taken)

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Count the steps of a batch that an earlier run has left in the middle."""
        if batch.index not in (0, self._next_step):
            self.skip(batch.index * len(batch.targets))
        self._next_step = batch.index + 1

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: Step, batch_idx: int
    ) -> None:
        """Move on by one step of every image of the batch."""
        self._left -= len(batch.targets)
        self._taken += len(batch.targets)
        self._progress.update(self._bar, advance=len(batch.targets))
        if is_verbose() and self._next_step == as_method(pl_module).steps_per_batch:
            self._tell_images(as_method(pl_module))

    def end_run(self, summary: str) -> None:
        """Print a line about the run that is done."""
        self._done += 1
        self._progress.update(self._bar, done=self._done)
        self._console.print(f"[{self._done}/{self._runs}] {summary}{self._time_left()}", markup=False)

    def _tell_images(self, module: RestorationMethod) -> None:
        seconds = (time.monotonic() - module.started) / len(module.targets)
        for target, loss in zip(module.targets, module.terms["total"].tolist(), strict=True):
            self._console.print(printable(f"  {target.name}: loss {loss:.4f}, {seconds:.1f} s"), markup=False)

    def _time_left(self) -> str:
        if not self._taken or not self._left:
            return ""
        seconds = (time.monotonic() - self._started) / self._taken * self._left
        return f"; {timedelta(seconds=round(seconds))} left"
