"""Keeps the batch in progress, so that a killed run goes on in the middle of it."""

import time
from collections.abc import Sequence

from rsi.callbacks.base import BatchBegun, PhaseResult, RestorationCallback, RestoredTarget, Run, StepTaken
from rsi.log import tell
from rsi.results.folder import ResultFolder


class BatchCheckpoint(RestorationCallback):
    """Saves the batch in progress from time to time, between two phases and when a signal ends the run.

    The same command then goes on at the saved step, with the same bits on the same device. Put it after
    :class:`rsi.callbacks.ResultWriter`, which claims the folder and has to write a batch before its state is removed.

    Args:
        output_dir: The results' folder; the state is in its hidden folder ``.progress``.
        every_seconds: The time between two savings.
    """

    def __init__(self, output_dir: str = "restored", every_seconds: float = 30.0) -> None:
        self.folder = ResultFolder(output_dir)
        self.every_seconds = every_seconds
        self._last: StepTaken | None = None
        self._saved = time.monotonic()

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """Let go of a batch that ran out of memory, and tell where this one goes on."""
        self._last = None
        if batch.step:
            tell(f"going on at step {batch.step} with {', '.join(target.name for target in batch.targets)}")

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Save the batch if it is time."""
        self._last = step
        if not step.ends_stage and time.monotonic() - self._saved >= self.every_seconds:
            self._save(run, step)

    def phase_ends(self, run: Run, result: PhaseResult) -> None:
        """Save what the phase has led to, unless the whole batch is going to be written."""
        if self._last is not None and not self._last.ends_batch:
            self._save(run, self._last)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Remove the state of a batch that is over."""
        self._last = None
        self._remove(run)

    def folder_done(self, run: Run) -> None:
        """Remove a state that no batch has taken up."""
        self._remove(run)

    def run_interrupted(self, run: Run) -> None:
        """Save the batch where it is."""
        if self._last is not None:
            self._save(run, self._last)

    def _save(self, run: Run, step: StepTaken) -> None:
        step.save().write(self.folder.state_path(run.rank))
        self._saved = time.monotonic()

    def _remove(self, run: Run) -> None:
        self.folder.state_path(run.rank).unlink(missing_ok=True)
