"""What Lightning's own log is told of the steps."""

from collections.abc import Sequence
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from torch import Tensor

from rsi.callbacks.base import RestoredTarget, StepTaken
from rsi.training.private import forget_logged, log_quickly


class StepMetrics:
    """Logs what is measured of the steps with ``LightningModule.log``, so that every logger and callback gets it.

    ``loss`` is logged at every step. At the steps that are due for loggers and at the end of every phase, the terms of
    the loss, gradient norm, distance from the start of the phase and step size are logged by phase, as
    ``gradient_norm/W_plus``. All are means over the images of the batch, those that are not finite left out. What is
    logged stays on its device, apart from what a progress bar shows: on GPUs it would wait for every step.
    """

    def __init__(self) -> None:
        self._by_phase: set[str] = set()

    def log_step(self, trainer: Trainer, module: LightningModule, step: StepTaken) -> None:
        """Log a step."""
        if trainer.barebones:
            return
        if step.begins_stage:
            forget_logged(trainer, self._by_phase)  # or loggers get the last values of other phases again and again
        images, loss = len(step.targets), _mean(step.terms["total"])
        has_bar = trainer.progress_bar_callback is not None and module.device.type == "cpu"
        log_quickly(trainer, module, {"loss": loss}, images, prog_bar=has_bar)
        if step.ends_stage or _is_due(trainer):
            values = _by_phase(step)
            self._by_phase |= values.keys()
            log_quickly(trainer, module, values, images)

    def log_images(self, trainer: Trainer, module: LightningModule, images: Sequence[RestoredTarget]) -> None:
        """Log the fidelity of restored images, whose mean over the folder is there at the end of the run."""
        if not trainer.barebones:
            fidelity = _mean(torch.tensor([image.fidelity for image in images]))
            module.log("fidelity", fidelity, on_step=False, on_epoch=True, batch_size=len(images))


def _by_phase(step: StepTaken) -> dict[str, Tensor]:
    phase = step.stage.space.replace("+", "_plus")  # MLflow has no plus in names
    measured = {**step.terms, **step.measures}
    means = _mean(torch.stack([*measured.values()])).unbind()
    values = dict(zip(measured, means, strict=True))
    values["loss"] = values.pop("total")
    if step.step_size is not None:
        values["step_size"] = torch.tensor(step.step_size)
    return {f"{name}/{phase}": value for name, value in values.items()}


def _mean(values: Tensor) -> Tensor:
    """The mean over the images, the last axis, whose value is finite."""
    return values.detach().where(values.isfinite(), torch.nan).nanmean(-1)


def _is_due(trainer: Trainer) -> bool:
    """Lightning hands over to loggers what is logged at this step."""
    settings: Any = trainer  # some of which Lightning sets without naming them
    if trainer.should_stop or settings.fast_dev_run:
        return True
    every: int = settings.log_every_n_steps
    return every > 0 and (trainer.fit_loop.total_batch_idx + 1) % every == 0
