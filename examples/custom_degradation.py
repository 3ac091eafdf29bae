"""An operator of your own, Gaussian blur; from the folder of this file it is used as below.

rsi fit imgs/ --degradation custom_degradation.MyBlur --degradation.sigma 3
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.degradations import Degradation
from rsi.numerics.randomness import ImageRandom


class MyBlur(Degradation):
    """Gaussian blur of standard deviation ``sigma`` in pixels; the true operator stores 8 bits besides."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - blur draws nothing
        """``[B, 3, H, W]`` to ``[B, 3, H, W]``."""
        reach = round(4 * self.sigma)
        kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1).to(x) / self.sigma) ** 2)
        row = (kernel / kernel.sum()).expand(3, 1, 1, -1)
        padded = F.pad(x, [reach] * 4, mode="replicate")
        return F.conv2d(F.conv2d(padded, row, groups=3), row.mT, groups=3)
