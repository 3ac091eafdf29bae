"""Tells of every step and every image, on a bar and in lines."""

from collections.abc import Sequence
from pathlib import Path

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar

from rsi.callbacks.base import BatchBegun, RestorationCallback, RestoredTarget, Run, StepTaken
from rsi.callbacks.folder_bar import FolderBar
from rsi.results.layout import files_of

LOSS_EVERY = 10


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
