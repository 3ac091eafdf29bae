"""Shot noise and dead pixels: the degradation that denoising undoes."""

import math

import torch
from torch import Tensor

from rsi.degradations.base import Degradation, quantise
from rsi.degradations.surrogates import soft_clamp
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

GREY_LEVEL = 1 / 255


class Denoising(Degradation):
    """Poisson noise on all pixels and the loss of some (RSI, Poirier-Ginter & Lalonde 2023, eq. 10).

    The true operator is ``clamp(Poisson(k_p x) m / k_p)``, where ``m`` drops pixels with probability ``k_b``,
    all channels together. The approximation is ``clamp((k_p p + sqrt(k_p p) n - offset) / k_p) m`` of the
    clamped ``p``, with fresh normal ``n`` and fresh ``m`` at every step and the clamp of :func:`soft_clamp`.

    The slope of the square root has no bound at 0, where clamping puts many pixels. Below one grey level,
    1/255, the deviation ``sqrt(k_p p)`` therefore counts as a constant in the gradient.

    Args:
        k_p: Photons at full brightness, above 0; fewer are noisier.
        k_b: Probability that a pixel is lost, from 0 to below 1.
        offset: Photons taken off in the approximation. The paper takes off 0.5; 0 keeps the Poisson noise's mean.

    Attributes:
        keep: The keep-mask of the approximation, ``[B, 1, H, W]``, where it is known; see :meth:`keeping`.

    Raises:
        InputError: A number is out of its range.
    """

    keep: Tensor | None

    def __init__(self, k_p: float, k_b: float, offset: float = 0.0) -> None:
        super().__init__()
        if not (k_p > 0 and math.isfinite(k_p)):
            raise InputError(f"noise:k_p={k_p}: give a number above 0")
        if not 0 <= k_b < 1:
            raise InputError(f"noise:k_b={k_b}: give a probability from 0 to below 1")
        if not math.isfinite(offset):
            raise InputError(f"noise:offset={offset}: give a finite number")
        self.k_p = float(k_p)
        self.k_b = float(k_b)
        self.offset = float(offset)
        self.register_buffer("keep", None, persistent=False)

    def keeping(self, keep: Tensor) -> "Denoising":
        """This operator, whose approximation drops always the same pixels; the true operator still draws them.

        Without lost pixels, ``k_b`` 0, it is this one as it is: pixels that are black are dark.

        Args:
            keep: ``[B, 1, H, W]``, 1 where a pixel is kept and 0 where it is lost.
        """
        if self.k_b == 0:
            return self
        known = Denoising(self.k_p, self.k_b, self.offset)
        known.keep = keep
        return known

    def taking_off(self, photons: float) -> "Denoising":
        """This operator with another offset."""
        other = Denoising(self.k_p, self.k_b, photons)
        other.keep = self.keep
        return other

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Gaussian noise of the Poisson's variance and random lost pixels, ``[B, 3, H, W]``."""
        p = soft_clamp(x)
        rate = self.k_p * p
        deviation = torch.where(p > GREY_LEVEL, rate, rate.detach()).sqrt()
        noisy = rate + deviation * random.normal(x.shape[1:]).to(x)
        keep = self._draw_keep(x, random) if self.keep is None else self.keep.to(x)
        return soft_clamp((noisy - self.offset) / self.k_p) * keep

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Poisson noise and random lost pixels, ``[B, 3, H, W]``, 8 bits in [0, 1]."""
        photons = random.poisson(self.k_p * x.clamp(0, 1))
        return quantise(photons * self._draw_keep(x, random) / self.k_p)

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """The two strengths of the noise."""
        return {"k_p": self.k_p, "k_b": self.k_b}

    def _draw_keep(self, x: Tensor, random: ImageRandom) -> Tensor:
        return (random.uniform((1, *x.shape[2:])) >= self.k_b).to(x)
