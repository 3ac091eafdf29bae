"""Stopping the images whose numbers are not finite any more."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rsi.latents import expand
from rsi.phases import Space

GOING = -1


class FiniteGuard:
    """Takes an image out of the optimisation at its first loss or gradient that is not finite; the others go on.

    The image goes back to the last codes at which both were finite and stays there. Nothing here waits for the device.

    Args:
        codes: ``[B, ..., w_dim]``, where the optimisation starts.

    Attributes:
        codes: The last codes of each image with finite loss and gradient, or those it started from.
        stopped_at: ``[B]``, the step at which an image was stopped; ``GOING`` if it was not.
    """

    def __init__(self, codes: Tensor) -> None:
        self.codes = codes.detach().clone()
        self.stopped_at = torch.full((len(codes),), GOING, device=codes.device)

    def expand(self, space: Space, filters: Sequence[int]) -> None:
        """Follow the latent to a larger space."""
        self.codes = expand(self.codes, space, filters)

    @torch.no_grad()
    def watch(self, latent: nn.Parameter, losses: Tensor, step: int) -> None:
        """Note which images are finite, before the optimiser's step.

        Args:
            latent: The codes ``[B, ..., w_dim]`` of this step with their gradient.
            losses: The loss of each image, ``[B]``.
            step: The number of this step.
        """
        gradient = latent if latent.grad is None else latent.grad
        finite = losses.isfinite() & gradient.flatten(1).isfinite().all(1)
        self.stopped_at = torch.where((self.stopped_at == GOING) & ~finite, step, self.stopped_at)
        self.codes = torch.where(self._going(latent), latent, self.codes)

    @torch.no_grad()
    def hold(self, latent: nn.Parameter) -> None:
        """Put the stopped images back, after the optimiser's step."""
        latent.copy_(torch.where(self._going(latent), latent, self.codes))

    def _going(self, latent: Tensor) -> Tensor:
        return (self.stopped_at == GOING).view(-1, *[1] * (latent.ndim - 1))
