"""The reverse steps of denoising diffusion restoration."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from rsi.methods.ddrm_operators import LinearOperator
from rsi.methods.ddrm_prior import TIMESTEPS, alphas_cumprod


@dataclass(frozen=True)
class PosteriorSampler:
    """Draws images that fit noisy linear observations, from far to no noise (Kawar et al. 2022, equations 4 to 8).

    Images are in variance-exploding coordinates: ``x = clean + sigma * noise``. Where the noise level meets
    ``sigma_0 / s`` exactly, the observed coordinates take the observation, as in the paper; its program takes the
    prediction there, so that at sigma 0 an observation without noise is not kept.

    Args:
        operator: The linear map ``H`` of the observations ``y = H x + sigma_0 n``.
        lifted: The pseudo-inverse of H applied to the observations, ``[B, 3, H, W]``.
        sigma_0: Standard deviation of the noise in the observations.
        eta: How much of the noise is drawn anew at every step, from 0 to 1.
        eta_b: How much of the observation replaces the prediction while it is the less noisy one, from 0 to 1.
    """

    operator: LinearOperator
    lifted: Tensor
    sigma_0: float
    eta: float = 0.85
    eta_b: float = 1.0

    def start(self, noise: Tensor, sigma: float) -> Tensor:
        """Images at the highest noise level, ``[B, 3, H, W]`` (equation 4).

        Args:
            noise: White noise of variance 1, ``[B, 3, H, W]``.
            sigma: The noise level.
        """
        rest = math.sqrt(max(sigma**2 - (self.sigma_0 / self.operator.singular_value) ** 2, 0))
        return self._join(self.lifted + rest * noise, sigma * noise)

    def step(self, clean: Tensor, predicted: Tensor, noise: Tensor, sigma: float) -> Tensor:
        """Images at the next noise level, ``[B, 3, H, W]`` (equations 5 to 8).

        Args:
            clean: The clean image predicted from the images at the level before.
            predicted: The noise of variance 1 predicted from them.
            noise: Fresh white noise of variance 1.
            sigma: The next noise level.
        """
        kept, fresh = math.sqrt(1 - self.eta**2) * sigma, self.eta * sigma * noise
        return self._join(self._observed(clean, kept, fresh, noise, sigma), clean + kept * predicted + fresh)

    def _observed(self, clean: Tensor, kept: float, fresh: Tensor, noise: Tensor, sigma: float) -> Tensor:
        s = self.operator.singular_value
        if s * sigma < self.sigma_0:
            return clean + (kept * s / self.sigma_0) * (self.lifted - clean) + fresh
        rest = math.sqrt(max(sigma**2 - (self.sigma_0 * self.eta_b / s) ** 2, 0))
        return torch.lerp(clean, self.lifted, self.eta_b) + rest * noise

    def _join(self, observed: Tensor, unobserved: Tensor) -> Tensor:
        return unobserved + self.operator.project(observed - unobserved)


def timesteps(steps: int) -> list[int]:
    """The timesteps of a number of evenly spaced reverse steps, from the noisiest; 950, 900, ..., 0 for 20."""
    return [TIMESTEPS * step // steps for step in reversed(range(steps))]


def noise_level(alpha: Tensor) -> Tensor:
    """The variance-exploding sigma where ``alpha``, above 0, is the image's share of the variance (Kawar, appendix)."""
    return torch.sqrt((1 - alpha) / alpha)


def noise_levels(steps: int) -> list[float]:
    """The sigma of each of :func:`timesteps`, and 0 at the end."""
    return [*noise_level(alphas_cumprod()[torch.tensor(timesteps(steps))]).tolist(), 0.0]
