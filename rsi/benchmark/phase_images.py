"""Keeps what images look like at the end of each phase."""

from pathlib import Path

from pytorch_lightning import Callback, LightningModule, Trainer

from rsi.data.batches import Step
from rsi.data.pictures import to_picture
from rsi.methods.base import as_method
from rsi.storage.atomic import atomic_path, remove_partial


class PhaseImages(Callback):
    """Writes every image at the end of every phase, as ``STEM.SPACE.png``.

    Put it before :class:`rsi.callbacks.ResultWriter`, whose record says that an image is finished.

    Args:
        folder: Where they go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remove what a killed run has left."""
        remove_partial(self.folder)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: object, batch: Step, batch_idx: int
    ) -> None:
        """Write the batch after its last step."""
        module = as_method(pl_module)
        if batch.index + 1 < module.steps_per_batch:
            return
        for phase in module.path:
            for target, image in zip(batch.targets, phase.images, strict=True):
                with atomic_path(phase_image(self.folder, target.name, phase.space)) as path:
                    to_picture(image).save(path, "PNG")


def phase_image(folder: Path, target: str, space: str) -> Path:
    """Where a target's image at the end of the phase of a latent space is."""
    return folder / f"{target.rpartition('.')[0]}.{space}.png"
