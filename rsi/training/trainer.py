"""The Trainer as a restoration needs it."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import ProgressBar

from rsi.training.independent import IndependentStrategy

TRAINER_DEFAULTS: dict[str, Any] = {
    "strategy": IndependentStrategy.name,
    "max_epochs": 1,
    "logger": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "use_distributed_sampler": False,
}


def make_trainer(callbacks: Sequence[Callback], **settings: Any) -> Trainer:  # noqa: ANN401 - the Trainer's own
    """A Trainer that goes through a folder once.

    Args:
        callbacks: What accompanies the run, :class:`rsi.callbacks.PhaseScheduler` first.
        settings: Other arguments of the Trainer, such as ``devices``.
    """
    shows_progress = any(isinstance(callback, ProgressBar) for callback in callbacks)
    defaults = {**TRAINER_DEFAULTS, "enable_progress_bar": shows_progress}
    return Trainer(**{**defaults, **settings}, callbacks=[*callbacks])
