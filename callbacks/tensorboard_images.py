"""Shows what images look like on the way in TensorBoard."""

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from rsi.callbacks.base import Restored, Run, StepTaken
from rsi.callbacks.event_files import TensorBoardCallback, image_tag
from rsi.data.pictures import side_by_side, stack

GAIN = 4
CAPTIONS = (("target", "prediction"), ("degraded prediction", f"absolute difference x {GAIN}"))


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
            target = step.targets[index]
            difference = GAIN * (step.degraded[index] - target.image * target.known).abs()
            rows = ((target.image, step.images[index]), (step.degraded[index], difference))
            sheet = stack([side_by_side(row, words, self.side) for row, words in zip(rows, CAPTIONS, strict=True)])
            _add_picture(self.files.writer(step.stage.space), image_tag(target.name, "steps"), sheet, step.index)

    def batch_restored(self, run: Run, images: Sequence[Restored]) -> None:
        """Log the whole path of the images."""
        for index in self.files.shown([image.target for image in images]):
            sheet = images[index].draw_path()
            sheet.thumbnail((sheet.width, self.side))
            tag = image_tag(images[index].target.name, "whole_path")
            _add_picture(self.files.writer(run.schedule[-1].space), tag, sheet, run.steps - 1)


def _add_picture(writer: SummaryWriter, tag: str, sheet: Image.Image, step: int) -> None:
    writer.add_image(tag, np.asarray(sheet), step, dataformats="HWC")
