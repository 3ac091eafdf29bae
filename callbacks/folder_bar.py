"""How far a folder is, on the terminal."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from rsi.callbacks.base import Stage
from rsi.callbacks.time_left import TimeLeft
from rsi.log import is_quiet, is_terminal, is_verbose, printable

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
