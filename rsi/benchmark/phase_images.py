"""Keeps what images look like at the end of each phase."""

from collections.abc import Sequence
from pathlib import Path

from rsi.callbacks import RestorationCallback, RestoredTarget, Run
from rsi.data.pictures import to_picture
from rsi.storage.atomic import atomic_path, remove_partial

FOLDER = "phases"


class PhaseImages(RestorationCallback):
    """Writes every image at the end of every phase, as ``phases/STEM.SPACE.png``.

    Put it before :class:`rsi.callbacks.ResultWriter`, whose record says that an image is finished.

    Args:
        output: The output folder of the run.
    """

    def __init__(self, output: Path) -> None:
        self.output = output

    def run_begins(self, run: Run) -> None:
        """Remove what a killed run has left."""
        remove_partial(self.output / FOLDER)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Write the batch."""
        for image in images:
            for space, picture in image.path:
                with atomic_path(phase_image(self.output, image.target.name, space)) as path:
                    to_picture(picture).save(path, "PNG")


def phase_image(output: Path, target: str, space: str) -> Path:
    """Where a target's image at the end of the phase of a latent space is in the output folder of a run."""
    return output / FOLDER / f"{target.rpartition('.')[0]}.{space}.png"
