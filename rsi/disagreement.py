"""Where several restorations of one image differ."""

from collections.abc import Sequence

import torch
from PIL.Image import Image as Picture
from torch import Tensor

from rsi.pictures import side_by_side

BRIGHTEST = 0.25


def disagreement(samples: Tensor) -> Tensor:
    """The standard deviation over samples ``[N, 3, H, W]`` in [0, 1], of each pixel: ``[H, W]``, from 0 to 0.5.

    The root of the mean of the three channels' variances.
    """
    return samples.var(0, unbiased=False).mean(0).sqrt()


def draw_disagreement(samples: Tensor) -> Picture:
    """Samples ``[N, 3, H, W]`` in [0, 1] side by side, then the map: white is a standard deviation of 0.25 or more."""
    spread = (disagreement(samples) / BRIGHTEST).clamp(0, 1).expand(3, -1, -1)
    captions: Sequence[str] = [*(f"sample {number}" for number in range(1, len(samples) + 1)), "disagreement"]
    return side_by_side([*samples, spread], captions, max(samples.shape[-2:]))


def mean_disagreement(samples: Tensor) -> float:
    """The mean of :func:`disagreement` over the pixels."""
    return float(torch.mean(disagreement(samples)))
