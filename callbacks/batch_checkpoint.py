"""Keeps the batch in progress, so that a killed run goes on in the middle of it."""

import time
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.errors import Interrupted
from rsi.log import tell
from rsi.methods.base import as_method
from rsi.methods.batch import BatchState
from rsi.methods.schedule import phase_ends, phase_starts
from rsi.results.folder import ResultFolder


class BatchCheckpoint(Callback):
    """Saves the state of the batch in progress from time to time, at the end of a phase and when a signal ends the run.

    The same command then goes on at the saved step, with the same bits on the same device. Put it after
    :class:`rsi.callbacks.ResultWriter`, which claims the folder and has to write a batch before its state is removed.

    Args:
        output_dir: The results' folder; the state is in its hidden folder ``.progress``.
        every_seconds: The time between two savings.
    """

    def __init__(self, output_dir: str = "restored", every_seconds: float = 30.0) -> None:
        self.folder = ResultFolder(output_dir)
        self.every_seconds = every_seconds
        self._resumed: BatchState | None = None
        self._next_step = 0
        self._saved = time.monotonic()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Read what an earlier run has left."""
        self._path = self.folder.state_path(trainer.global_rank)
        self._resumed = BatchState.read(self._path)
        data: Any = getattr(trainer, "datamodule", None)
        if self._resumed is not None and isinstance(data, TargetFolder):
            data.first_step = self._resumed.first_step

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Bring the batch to where it was."""
        module, state = as_method(pl_module), self._resumed
        if state is None or batch.index != state.step or not state.first_step(batch.targets):
            return
        state.restore(module, batch.targets)
        trainer.strategy.setup_optimizers(trainer)
        if trainer.optimizers and state.step not in phase_starts(module.schedule):
            state.restore_optimizer(trainer.optimizers[0])
        tell(f"going on at step {state.step} with {', '.join(target.name for target in batch.targets)}")
        self._resumed = None

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Save the batch if it is time; remove its state when it is over."""
        module = as_method(pl_module)
        self._next_step = batch.index + 1
        if self._next_step == module.steps_per_batch:
            self._path.unlink(missing_ok=True)
        elif batch.index in phase_ends(module.schedule) or time.monotonic() - self._saved >= self.every_seconds:
            self._save(trainer, pl_module)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remove a state that no batch has taken up."""
        self._path.unlink(missing_ok=True)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Save the batch when a signal has ended the run between two steps."""
        if isinstance(exception, Interrupted) and self._next_step < as_method(pl_module).steps_per_batch:
            self._save(trainer, pl_module)

    def _save(self, trainer: Trainer, pl_module: LightningModule) -> None:
        state = BatchState.capture(as_method(pl_module), trainer.optimizers, self._next_step)
        state.write(self._path)
        self._saved = time.monotonic()
