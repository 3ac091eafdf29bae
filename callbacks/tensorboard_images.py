"""Shows what images look like on the way in TensorBoard."""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from rsi.callbacks.base import RestoredTarget, Run, StepTaken
from rsi.callbacks.event_files import TensorBoardCallback, image_tag
from rsi.callbacks.logged_images import draw_step, draw_whole_path


class TensorBoardImages(TensorBoardCallback):
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

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Log what is due at this step."""
        if step.index % self.every and not step.ends_stage:
            return
        for index in self.files.shown(step.targets):
            writer, tag = self.files.phase_writer(step.stage.space), image_tag(step.targets[index].name, "steps")
            _add_picture(writer, tag, draw_step(step, index, self.side), step.index)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Log the whole path of the images."""
        for index in self.files.shown([image.target for image in images]):
            writer = self.files.phase_writer(run.schedule[-1].space)
            tag = image_tag(images[index].target.name, "whole_path")
            _add_picture(writer, tag, draw_whole_path(images[index], self.side), run.steps - 1)


def _add_picture(writer: SummaryWriter, tag: str, sheet: Image.Image, step: int) -> None:
    writer.add_image(tag, np.asarray(sheet), step, dataformats="HWC")
