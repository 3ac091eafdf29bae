"""Additive Gaussian noise: the two denoising tasks of the comparison with DDRM."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from rsi.degradations.base import Degradation, quantise
from rsi.degradations.surrogates import soft_clamp
from rsi.degradations.tone import check_colours
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom


class GaussianNoise(Degradation):
    """White Gaussian noise, stored in a file that holds all of it or clamps it (RSI, table 3).

    With ``h = headroom * sigma`` the file's black is ``-h`` and its white ``1 + h``: the operator is
    ``clamp((x + sigma n + h) / (1 + 2 h))``. Without headroom that is clamped noise. With a headroom of 3 the
    file is a picture of low contrast, clamping meets less than one pixel in 700, and what is left between
    operator and linear model is the file's 8 bits. The approximation draws fresh ``n`` at every step.

    Args:
        sigma: Standard deviation of the noise, for images in [0, 1].
        headroom: How many standard deviations the file stores beyond black and white.

    Raises:
        InputError: A number is negative or not finite.
    """

    def __init__(self, sigma: float, headroom: float = 0.0) -> None:
        super().__init__()
        for name, value in (("sigma", sigma), ("headroom", headroom)):
            if not (value >= 0 and math.isfinite(value)):
                raise InputError(f"gaussian:{name}={value}: give a number of at least 0")
        self.sigma = float(sigma)
        self.headroom = float(headroom)

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Noisy images as the file stores them, clamped by :func:`soft_clamp`, ``[B, 3, H, W]``."""
        return soft_clamp(self._store(x, random))

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Noisy images as the file stores them, ``[B, 3, H, W]``, 8 bits in [0, 1]."""
        return quantise(self._store(x.clamp(0, 1), random))

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that the headroom, which lowers the contrast, is not taken for that of a stage before.

        Raises:
            InputError: It would be.
        """
        if self.headroom:
            check_colours(f"gaussian:headroom={self.headroom:g}", earlier)

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """The strength of the noise and the headroom."""
        return {"sigma": self.sigma, "headroom": self.headroom}

    def _store(self, x: Tensor, random: ImageRandom) -> Tensor:
        beyond = self.headroom * self.sigma
        return (x + self.sigma * random.normal(x.shape[1:]).to(x) + beyond) / (1 + 2 * beyond)
