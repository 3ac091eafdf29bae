"""What rsi uses of Lightning although its name begins with an underscore, so that another version may not have it.

``pyproject.toml`` allows the versions that the tests were run with. With another one, look here first.
"""

from collections.abc import Container, Mapping
from typing import Any

from lightning_fabric.utilities.distributed import _set_num_threads_if_needed
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loops.training_epoch_loop import _TrainingEpochLoop
from pytorch_lightning.strategies.launchers import _SubprocessScriptLauncher
from torch import Tensor

TrainingEpochLoop = _TrainingEpochLoop
"""The loop over steps: there is no hook around a step that may catch its error."""

SubprocessScriptLauncher = _SubprocessScriptLauncher
"""The starter of processes, which the Trainer knows by its class where Ctrl-C is to end them."""

set_num_threads_if_needed = _set_num_threads_if_needed
"""Shares the cores of the processor out among processes, as with Lightning's own strategies."""


def data_fetcher(trainer: Trainer) -> Any:  # noqa: ANN401 - a private class of Lightning's
    """What reads batches ahead: there is no other way to ask for batches of another size in the middle of an epoch."""
    return trainer.fit_loop._data_fetcher


def log_quickly(
    trainer: Trainer, module: LightningModule, values: Mapping[str, Tensor], batch_size: int, *, prog_bar: bool = False
) -> None:
    """Log values of a step as ``module.log`` does, which takes half a millisecond for each: it copies its settings."""
    results = trainer.fit_loop.epoch_loop._results
    for name, value in values.items():
        key = f"{module._current_fx_name}.{name}"
        if key in results and not results[key].has_reset:
            results.update_metrics(key, value, batch_size)
        else:
            module.log(name, value, prog_bar=prog_bar, on_step=True, on_epoch=False, batch_size=batch_size)


def forget_logged(trainer: Trainer, names: Container[str]) -> None:
    """Log some values no more until they are logged anew; Lightning would repeat the last ones at every step."""
    results = trainer.fit_loop.epoch_loop._results
    for key in [key for key, value in results.items() if value.meta.name in names]:
        del results[key]


def summary_depth(summary: Callback) -> int:
    """How deep a ``ModelSummary`` goes."""
    depth: int = getattr(summary, "_max_depth", 1)
    return depth
