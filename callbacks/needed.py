"""The callbacks that a Trainer needs and was not given."""

from typing import Any, cast
from weakref import WeakSet

from pytorch_lightning import Callback, LightningDataModule, Trainer
from pytorch_lightning.callbacks import ModelSummary, RichModelSummary

from rsi.callbacks.base import RestorationCallback
from rsi.callbacks.batch_size import BatchSize
from rsi.callbacks.logged_images import LoggedImages
from rsi.callbacks.network_summary import NetworkSummary
from rsi.callbacks.phase_scheduler import PhaseScheduler
from rsi.callbacks.result_writer import ResultWriter
from rsi.callbacks.timelapse import Timelapse
from rsi.data.folder import AUTO, TargetFolder
from rsi.errors import InputError
from rsi.log import tell
from rsi.training.private import summary_depth

NOTHING_IS_KEPT = (
    "nothing keeps the restored images: pass an output_dir to rsi.TargetFolder or a callback such as "
    "rsi.callbacks.ResultWriter, or use Trainer.predict"
)
_ADDED: WeakSet[Callback] = WeakSet()


def add_needed(trainer: Trainer) -> None:
    """Complete the callbacks of a Trainer, in place; ``Trainer.predict`` needs none.

    :class:`PhaseScheduler` is added where there is none, :class:`BatchSize` where the batch size is ``auto``,
    :class:`ResultWriter` where the data module says where the results go and :class:`LoggedImages` where there are
    loggers. Each comes before those that it has to come before, for this run alone. :class:`NetworkSummary` takes the
    place of Lightning's summaries.

    Raises:
        InputError: There is a callback that can do nothing.
    """
    callbacks: list[Callback] = cast(Any, trainer).callbacks
    callbacks[:] = [callback for callback in callbacks if callback not in _ADDED]
    data: LightningDataModule | None = cast(Any, trainer).datamodule
    if trainer.predicting:
        _refuse_telling(callbacks)
        return
    if isinstance(data, TargetFolder) and data.batch_size == AUTO:
        _add(callbacks, BatchSize())
    _add(callbacks, PhaseScheduler(), BatchSize)
    if isinstance(data, TargetFolder) and data.output_dir is not None:
        _add(callbacks, ResultWriter(data.output_dir, data.overwrite), PhaseScheduler, Timelapse)
    if not any(isinstance(callback, RestorationCallback) for callback in callbacks):
        tell(NOTHING_IS_KEPT)
    if trainer.loggers and not cast(Any, trainer).fast_dev_run:
        _add(callbacks, LoggedImages(), Callback)
    for index, callback in enumerate(callbacks):
        if type(callback) in (ModelSummary, RichModelSummary):
            callbacks[index] = NetworkSummary(summary_depth(callback))


def _refuse_telling(callbacks: list[Callback]) -> None:
    """Refuse callbacks that wait to be told of a restoration, which ``Trainer.predict`` does not do.

    Raises:
        InputError: There is one.
    """
    for callback in callbacks:
        if isinstance(callback, RestorationCallback):
            raise InputError(
                f"Trainer.predict returns the images and tells {type(callback).__name__} of none: leave it out, or use "
                "Trainer.fit"
            )


def _add(callbacks: list[Callback], callback: Callback, *after: type[Callback]) -> None:
    """Add a callback after the last of some kinds, unless there is one of its kind."""
    if not any(isinstance(other, type(callback)) for other in callbacks):
        places = [index for index, other in enumerate(callbacks, 1) if isinstance(other, after)]
        callbacks.insert(max(places, default=0), callback)
        _ADDED.add(callback)
