"""Logs losses and pictures of every image to TensorBoard."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch.utils.tensorboard import SummaryWriter

from rsi.data.batches import Step
from rsi.errors import Interrupted
from rsi.phases import phase_at, phase_ends
from rsi.pictures import side_by_side
from rsi.restoration import Restoration, as_restoration


class TensorBoardImages(Callback):
    """Logs, for every image, its loss terms by phase, what it looks like on the way, and its whole path at the end.

    Each phase is a run of its own below ``log_dir``, so that one chart shows W, W+ and W++ in three colours. Steps
    count from 0 for every image.

    Args:
        log_dir: Where the event files go.
        scalars_every: Log the loss terms every so many steps.
        images_every: Log target, degraded prediction and prediction every so many steps, and at the end of a phase.
    """

    def __init__(self, log_dir: str = "restored/logs", scalars_every: int = 10, images_every: int = 50) -> None:
        self.log_dir = Path(log_dir)
        self.scalars_every = scalars_every
        self.images_every = images_every
        self._writers: dict[str, SummaryWriter] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Log what is due at this step."""
        module = as_restoration(pl_module)
        phase_over = batch.index in phase_ends(module.schedule)
        writer = self._writer(phase_at(module.schedule, batch.index).space)
        if phase_over or batch.index % self.scalars_every == 0:
            _log_terms(writer, module, batch)
        if phase_over or batch.index % self.images_every == 0:
            _log_images(writer, module, batch)
        if batch.index + 1 == module.steps_per_batch:
            _log_paths(self._writer("path"), module, batch)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Close the event files."""
        self._close()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Close the event files when a signal has ended the run."""
        if isinstance(exception, Interrupted):
            self._close()

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()

    def _writer(self, run: str) -> SummaryWriter:
        if run not in self._writers:
            self._writers[run] = SummaryWriter(str(self.log_dir / run))
        return self._writers[run]


def _log_terms(writer: Any, module: Restoration, batch: Step) -> None:
    for term, values in module.terms.items():
        for target, value in zip(batch.targets, values.tolist(), strict=True):
            writer.add_scalar(f"{target.name}/{term}", value, batch.index)


@torch.no_grad()
def _log_images(writer: Any, module: Restoration, batch: Step) -> None:
    predictions, degraded = module.render().cpu(), module.predict_degraded(batch.index).cpu()
    for target, prediction, pair in zip(batch.targets, predictions, degraded, strict=True):
        images = [target.image, pair, prediction]
        sheet = side_by_side(images, ["target", "degraded prediction", "prediction"], prediction.shape[-1])
        _add_picture(writer, f"{target.name}/steps", sheet, batch.index)


def _log_paths(writer: Any, module: Restoration, batch: Step) -> None:
    for index, target in enumerate(batch.targets):
        _add_picture(writer, f"{target.name}/path", module.draw_path(index), batch.index)


def _add_picture(writer: Any, tag: str, sheet: Any, step: int) -> None:
    writer.add_image(tag, np.asarray(sheet), step, dataformats="HWC")
