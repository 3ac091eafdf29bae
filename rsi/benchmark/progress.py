"""Shows how far the grid of methods and tasks is."""

import time
from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from rsi.callbacks import BatchBegun, RestorationCallback, RestoredTarget, Run, StepTaken
from rsi.log import is_quiet, is_verbose, printable


class GridProgress(RestorationCallback):
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

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """Count the steps of a batch that an earlier run has left in the middle."""
        self.skip(batch.step * len(batch.targets))

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Move on by one step of every image of the batch."""
        self._left -= len(step.targets)
        self._taken += len(step.targets)
        self._progress.update(self._bar, advance=len(step.targets))

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Print a line about each image where rsi is verbose."""
        for image in images if is_verbose() else ():
            line = f"  {image.target.name}: loss {image.loss:.4f}, {image.seconds:.1f} s"
            self._console.print(printable(line), markup=False)

    def end_run(self, summary: str) -> None:
        """Print a line about the run that is done."""
        self._done += 1
        self._progress.update(self._bar, done=self._done)
        self._console.print(f"[{self._done}/{self._runs}] {summary}{self._time_left()}", markup=False)

    def _time_left(self) -> str:
        if not self._taken or not self._left:
            return ""
        seconds = (time.monotonic() - self._started) / self._taken * self._left
        return f"; {timedelta(seconds=round(seconds))} left"
