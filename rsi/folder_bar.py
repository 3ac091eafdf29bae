"""The terminal display of a folder in progress."""

import sys
import time
from datetime import timedelta
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from rsi.log import is_quiet, is_verbose, printable

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
            redirect_stdout=sys.stdout.isatty(),
            redirect_stderr=sys.stderr.isatty(),
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
        if self._progress.live.is_started and sys.stdout.isatty():
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

    def _print(self, line: str, file: TextIO) -> None:
        clear = "" if self._has_bar or not file.isatty() else ERASE_LINE
        print(f"{clear}{printable(line)}", file=file)


def _rate(per_minute: float) -> str:
    return f"{per_minute:.1f}" if per_minute < 100 else f"{per_minute:.0f}"
