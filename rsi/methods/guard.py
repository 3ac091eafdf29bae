"""Stopping the images whose numbers are not finite any more."""

from collections.abc import Mapping

import torch
from torch import Tensor

GOING = -1


class FiniteGuard:
    """Takes an image out of the optimisation at its first loss or gradient that is not finite; the others go on.

    The image goes back to the last variables at which both were finite and stays there. Nothing here waits for the
    device.

    Args:
        variables: What is optimised, each ``[B, ...]``, where the optimisation starts.

    Attributes:
        kept: The last variables of each image with finite loss and gradient, or those it started from.
        stopped_at: ``[B]``, the step at which an image was stopped; ``GOING`` if it was not.
    """

    def __init__(self, variables: Mapping[str, Tensor]) -> None:
        self.kept = {name: value.detach().clone() for name, value in variables.items()}
        first = next(iter(self.kept.values()))
        self.stopped_at = torch.full((len(first),), GOING, device=first.device)

    @torch.no_grad()
    def watch(self, variables: Mapping[str, Tensor], losses: Tensor, step: int) -> None:
        """Note which images are finite, before the optimiser's step.

        Args:
            variables: The variables of this step with their gradients; those without are looked at themselves.
            losses: The loss of each image, ``[B]``.
            step: The number of this step.
        """
        finite = losses.isfinite()
        for value in variables.values():
            finite = finite & (value if value.grad is None else value.grad).flatten(1).isfinite().all(1)
        self.stopped_at = torch.where((self.stopped_at == GOING) & ~finite, step, self.stopped_at)
        self.kept = {name: torch.where(self._going(value), value, self.kept[name]) for name, value in variables.items()}

    @torch.no_grad()
    def hold(self, variables: Mapping[str, Tensor]) -> None:
        """Put the stopped images back into the variables, ``[B, ...]`` each, after the optimiser's step."""
        for name, value in variables.items():
            value.copy_(torch.where(self._going(value), value, self.kept[name]))

    def _going(self, value: Tensor) -> Tensor:
        return (self.stopped_at == GOING).view(-1, *[1] * (value.ndim - 1))
