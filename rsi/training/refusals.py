"""What a Trainer cannot be asked for while images are restored, and what to pass instead."""

from collections.abc import Iterator
from typing import Any, cast

from pytorch_lightning import Callback, Trainer
from pytorch_lightning.callbacks import (
    BaseFinetuning,
    BatchSizeFinder,
    GradientAccumulationScheduler,
    LearningRateFinder,
    ModelPruning,
    OnExceptionCheckpoint,
    SpikeDetection,
    StochasticWeightAveraging,
    WeightAveraging,
)
from pytorch_lightning.strategies import SingleDeviceStrategy, Strategy

from rsi.errors import InputError
from rsi.numerics.precision import check_precision
from rsi.training.independent import IndependentStrategy

NO_TRAINING = "the networks are frozen and images are all that changes: leave it out"
LARGER_BATCHES = "images are independent of each other: pass another batch_size to rsi.TargetFolder"
STEP_SIZES = "step sizes are those of the schedule: pass another schedule or lr_scale to the method"
REFUSED: dict[type[Callback], str] = {
    BaseFinetuning: NO_TRAINING,
    ModelPruning: NO_TRAINING,
    StochasticWeightAveraging: NO_TRAINING,
    WeightAveraging: NO_TRAINING,
    GradientAccumulationScheduler: LARGER_BATCHES,
    BatchSizeFinder: 'pass batch_size="auto" to rsi.TargetFolder',
    LearningRateFinder: STEP_SIZES,
    OnExceptionCheckpoint: "pass rsi.callbacks.BatchCheckpoint, from which the next run goes on",
    SpikeDetection: "a batch begins with a high loss, and images whose loss is not finite are stopped: leave it out",
}


def check_trainer(trainer: Trainer) -> None:
    """Refuse a Trainer and callbacks that a restoration cannot be done with.

    Raises:
        InputError: There is something of the kind; it says what to pass instead.
    """
    check_precision(str(trainer.precision))
    _check_strategy(trainer.strategy)
    for argument, instead in _refused_arguments(trainer):
        raise InputError(f"Trainer({argument}) cannot be used: {instead}")
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    for callback in callbacks:
        for kind, instead in REFUSED.items():
            if isinstance(callback, kind):
                raise InputError(f"the callback {type(callback).__name__} cannot be used: {instead}")


def _check_strategy(strategy: Strategy) -> None:
    """Refuse a strategy that ties processes together."""
    if not isinstance(strategy, IndependentStrategy | SingleDeviceStrategy):
        raise InputError(
            f"the strategy {type(strategy).__name__} cannot be used, as every device restores images of its own and "
            f'there is nothing to share: pass strategy="{IndependentStrategy.name}" for several devices, or devices=1'
        )


def _refused_arguments(trainer: Trainer) -> Iterator[tuple[str, str]]:
    if trainer.gradient_clip_val:
        yield f"gradient_clip_val={trainer.gradient_clip_val}", f"gradients are not clipped; {STEP_SIZES}"
    if trainer.accumulate_grad_batches != 1:
        yield f"accumulate_grad_batches={trainer.accumulate_grad_batches}", LARGER_BATCHES
    if share := cast(Any, trainer).overfit_batches:
        yield f"overfit_batches={share}", "every image is fitted on its own in any case: leave it out"
    if 0 < trainer.limit_train_batches < 1:
        limit = f"limit_train_batches={trainer.limit_train_batches}"
        yield limit, "how many steps a folder takes is known at its end: pass a number of steps, or a smaller folder"
