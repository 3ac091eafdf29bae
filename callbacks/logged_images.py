"""Gives pictures to every logger that takes them."""

from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np
from PIL import Image
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.loggers import Logger, TensorBoardLogger

from rsi.callbacks.base import RestorationCallback, RestoredTarget, Run, StepTaken
from rsi.callbacks.event_files import EventFiles, image_tag
from rsi.data.pictures import side_by_side, stack

GAIN = 4
CAPTIONS = (("target", "prediction"), ("degraded prediction", f"absolute difference x {GAIN}"))
TakePicture = Callable[[str, Image.Image, int], object]


class LoggedImages(RestorationCallback):
    """Gives the first images to loggers at the end of each phase, and their whole path after the last.

    A logger takes pictures if it has ``log_image``, as that for Weights & Biases, or an experiment with ``add_images``,
    as that for TensorBoard; others are given none. They are counted as Lightning counts what it logs, by all steps of
    the run. With :class:`rsi.callbacks.EventFiles` TensorBoard has its own pictures.

    Args:
        images: How many images of the folder are shown.
        side: The side of a picture in pixels.
    """

    def __init__(self, images: int = 8, side: int = 256) -> None:
        self.images = images
        self.side = side
        self._trainer: Trainer | None = None
        self._shown: set[str] = set()
        self._takers: list[TakePicture] = []

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the loggers that take pictures; those of the first process alone log."""
        callbacks: list[Callback] = cast(Any, trainer).callbacks
        has_files = any(isinstance(callback, EventFiles) for callback in callbacks)
        loggers = [logger for logger in trainer.loggers if not (has_files and isinstance(logger, TensorBoardLogger))]
        self._trainer = trainer
        self._takers = [*filter(None, map(picture_taker, loggers))] if trainer.is_global_zero else []

    def run_begins(self, run: Run) -> None:
        """Settle which images are shown."""
        self._shown = set(run.data.names.first(self.images)) if run.data else set()

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Show the images at the end of a phase."""
        if self._takers and step.ends_stage:
            for index, target in enumerate(step.targets):
                if target.name in self._shown:
                    self._show(image_tag(target.name, step.stage.space), draw_step(step, index, self.side))

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Show the whole path of the images."""
        for image in images if self._takers else ():
            if image.target.name in self._shown:
                self._show(image_tag(image.target.name, "whole_path"), draw_whole_path(image, self.side))

    def _show(self, tag: str, picture: Image.Image) -> None:
        step = self._trainer.fit_loop.total_batch_idx if self._trainer else 0
        for take in self._takers:
            take(tag, picture, step)


def picture_taker(logger: Logger) -> TakePicture | None:
    """What gives a logger a picture, by its tag and step; ``None`` if it takes none."""
    if log_image := getattr(logger, "log_image", None):
        return lambda tag, picture, step: log_image(key=tag, images=[picture], step=step)
    if add_images := getattr(getattr(logger, "experiment", None), "add_images", None):
        return lambda tag, picture, step: add_images(tag, np.asarray(picture)[None], step, dataformats="NHWC")
    return None


def draw_step(step: StepTaken, index: int, side: int) -> Image.Image:
    """Target, prediction, degraded prediction and the last one's absolute difference to the target, in two rows.

    Args:
        step: The step that was taken.
        index: Which image of its batch.
        side: The longer side of each picture in pixels.
    """
    target = step.targets[index]
    difference = GAIN * (step.degraded[index] - target.image * target.known).abs()
    rows = ((target.image, step.images[index]), (step.degraded[index], difference))
    return stack([side_by_side(row, words, side) for row, words in zip(rows, CAPTIONS, strict=True)])


def draw_whole_path(image: RestoredTarget, height: int) -> Image.Image:
    """The target and the image at the end of each phase, at most ``height`` pixels high."""
    sheet = image.draw_path()
    sheet.thumbnail((sheet.width, height))
    return sheet
