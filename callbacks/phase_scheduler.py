"""Starts batches and phases."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.methods.base import as_method
from rsi.methods.schedule import phase_ends, phase_starts


class PhaseScheduler(Callback):
    """Starts every batch of targets at the generator's mean code and expands W to W+ to W++ on schedule.

    The schedule is the module's. Every phase begins with a new parameter and a new optimiser and ends with the batch's
    result being kept in ``module.path``. Put it before callbacks that read ``module.path``. Source: RSI, section 4.1.
    """

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Step, batch_idx: int) -> None:
        """Start the batch at its first step and a phase at the phase's first step."""
        module = as_method(pl_module)
        if batch.index == 0:
            module.start_batch(batch.targets)
        phase = phase_starts(module.schedule).get(batch.index)
        if phase is not None:
            module.start_phase(phase)
            trainer.strategy.setup_optimizers(trainer)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Keep the result of a phase after its last step."""
        module = as_method(pl_module)
        phase = phase_ends(module.schedule).get(batch.index)
        if phase is not None:
            module.end_phase(phase)
