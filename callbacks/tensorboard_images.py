"""Shows what images look like on the way in TensorBoard."""

from typing import Any

import numpy as np
import torch
from PIL.Image import Image as Picture
from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.callbacks.event_files import EventFiles, event_files, image_tag
from rsi.data.batches import Step
from rsi.data.pictures import side_by_side, stack
from rsi.methods.base import RestorationMethod, as_method
from rsi.methods.schedule import phase_at, phase_ends

GAIN = 4
CAPTIONS = (("target", "prediction"), ("degraded prediction", f"absolute difference x {GAIN}"))


class TensorBoardImages(Callback):
    """Logs target, prediction, degraded prediction and the last one's absolute difference to the target.

    Each phase is a run of its own, so that W, W+ and W++ stand next to each other. The last phase shows the whole path
    of an image, too.

    Args:
        every: Log every so many steps and at the end of a phase; the other steps cost nothing.
        side: The side of a picture in pixels.
    """

    def __init__(self, every: int = 50, side: int = 256) -> None:
        self.every = every
        self.side = side

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Log what is due at this step."""
        module, files = as_method(pl_module), event_files(trainer.callbacks)  # type: ignore[attr-defined]
        shown = files.shown(batch)
        if shown and (batch.index % self.every == 0 or batch.index in phase_ends(module.schedule)):
            self._log_steps(files, module, batch, shown)
        if shown and batch.index + 1 == module.steps_per_batch:
            self._log_paths(files, module, batch, shown)

    @torch.no_grad()
    def _log_steps(self, files: EventFiles, module: RestorationMethod, batch: Step, shown: list[int]) -> None:
        writer = files.writer(phase_at(module.schedule, batch.index).space)
        predictions, degraded = module.render().cpu(), module.predict_degraded(batch.index).cpu()
        for index in shown:
            target = batch.targets[index]
            difference = GAIN * (degraded[index] - target.image * target.known).abs()
            images = ((target.image, predictions[index]), (degraded[index], difference))
            sheet = stack([side_by_side(row, words, self.side) for row, words in zip(images, CAPTIONS, strict=True)])
            _add_picture(writer, image_tag(target.name, "steps"), sheet, batch.index)

    def _log_paths(self, files: EventFiles, module: RestorationMethod, batch: Step, shown: list[int]) -> None:
        writer = files.writer(phase_at(module.schedule, batch.index).space)
        for index in shown:
            sheet = module.draw_path(index)
            sheet.thumbnail((sheet.width, self.side))
            _add_picture(writer, image_tag(batch.targets[index].name, "whole_path"), sheet, batch.index)


def _add_picture(writer: Any, tag: str, sheet: Picture, step: int) -> None:
    writer.add_image(tag, np.asarray(sheet), step, dataformats="HWC")
