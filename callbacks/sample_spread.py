"""Draws where the samples of an image disagree."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from PIL import Image
from torch import Tensor

from rsi.callbacks.base import RestorationCallback, RestoredTarget, Run
from rsi.data.listing import Listed
from rsi.data.pictures import side_by_side
from rsi.data.reading import read_picture
from rsi.results import layout
from rsi.results.folder import ResultFolder

BRIGHTEST = 0.25


class SampleSpread(RestorationCallback):
    """Writes ``disagreement/NAME.png`` of every image once all of its samples are there, and its mean into its row.

    Whichever process finishes an image's last sample does it. Put it after :class:`rsi.callbacks.ResultWriter`.

    Args:
        output_dir: The results' folder.
    """

    def __init__(self, output_dir: str = "restored") -> None:
        self.folder = ResultFolder(output_dir)

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """Draw the maps that the batch has completed."""
        if run.folder.samples > 1:
            targets = (image.target for image in images)
            for original in {Listed(t.name, t.output, sample=t.sample).original for t in targets}:
                self._draw(original, run.folder.samples)

    def folder_done(self, run: Run) -> None:
        """Draw the maps that a run has left out which was killed."""
        if run.folder.samples == 1:
            return
        for image in run.folder.names.listed():
            if not image.sample and not self.folder.holds(layout.DISAGREEMENT_MAP.format(image.output)):
                self._draw(image, run.folder.samples)

    def _draw(self, image: Listed, count: int) -> None:
        rows = [self.folder.row(sample.name) for sample in image.samples(count)]
        whole = [row for row in rows if row is not None and self.folder.is_whole(row)]
        if len(whole) < count:
            return
        samples = torch.stack([read_picture(self.folder.path / row.output).rgb for row in whole])
        self.folder.save_picture(layout.DISAGREEMENT_MAP.format(image.output), draw_disagreement(samples))
        self.folder.save_row(replace(whole[0], disagreement=round(mean_disagreement(samples), 6)))


def disagreement(samples: Tensor) -> Tensor:
    """The standard deviation over samples ``[N, 3, H, W]`` in [0, 1], of each pixel: ``[H, W]``, from 0 to 0.5.

    The root of the mean of the three channels' variances.
    """
    return samples.var(0, unbiased=False).mean(0).sqrt()


def draw_disagreement(samples: Tensor) -> Image.Image:
    """Samples ``[N, 3, H, W]`` in [0, 1] side by side, then the map: white is a standard deviation of 0.25 or more."""
    spread = (disagreement(samples) / BRIGHTEST).clamp(0, 1).expand(3, -1, -1)
    captions: Sequence[str] = [*(f"sample {number}" for number in range(1, len(samples) + 1)), "disagreement"]
    return side_by_side([*samples, spread], captions, max(samples.shape[-2:]))


def mean_disagreement(samples: Tensor) -> float:
    """The mean of :func:`disagreement` over the pixels of samples ``[N, 3, H, W]``, from 0 to 0.5."""
    return float(torch.mean(disagreement(samples)))
