"""Draws where the samples of an image disagree."""

from dataclasses import replace
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.data.folder import TargetFolder
from rsi.data.images import read_picture
from rsi.data.listing import Listed
from rsi.data.target import Target
from rsi.disagreement import draw_disagreement, mean_disagreement
from rsi.method import as_method
from rsi.results import ResultFolder


class SampleSpread(Callback):
    """Writes ``disagreement/NAME.png`` of every image once all of its samples are there, and its mean into its row.

    Whichever process finishes an image's last sample does it. Put it after :class:`rsi.callbacks.ResultWriter`.

    Args:
        output_dir: The results' folder.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        self.folder = ResultFolder(output_dir)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Step, batch_idx: int
    ) -> None:
        """Draw the maps that the batch has completed."""
        data: Any = getattr(trainer, "datamodule", None)
        over = batch.index + 1 == as_method(pl_module).steps_per_batch
        if not over or not isinstance(data, TargetFolder) or data.samples == 1:
            return
        for image in {_original(target) for target in batch.targets}:
            self._draw(image, data.samples)

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draw the maps that a run has left out which was killed."""
        data: Any = getattr(trainer, "datamodule", None)
        if not isinstance(data, TargetFolder) or data.samples == 1:
            return
        for image in data.names.listed():
            if not image.sample and not self.folder.holds_disagreement(image.output):
                self._draw(image, data.samples)

    def _draw(self, image: Listed, count: int) -> None:
        rows = [self.folder.row(sample.name) for sample in image.samples(count)]
        whole = [row for row in rows if row is not None and self.folder.is_whole(row)]
        if len(whole) < count:
            return
        samples = torch.stack([read_picture(self.folder.path / row.output).rgb for row in whole])
        self.folder.save_disagreement(image.output, draw_disagreement(samples))
        self.folder.save_row(replace(whole[0], disagreement=round(mean_disagreement(samples), 6)))


def _original(target: Target) -> Listed:
    return Listed(target.name, target.output, sample=target.sample).original
