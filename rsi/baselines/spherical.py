"""Adam on spheres."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam

SHORTEST = 1e-8


class SphericalAdam(Adam):
    """Adam, after each of whose steps every vector is scaled back to the length that it had at first.

    A parameter ``[B, K, ...]`` holds ``B x K`` vectors; the axes from the third on are those of one vector. What Adam
    accumulates belongs to the gradient in all of space, not to its part along the sphere (Menon et al. 2020).

    Args:
        params: Parameters with three axes or more.
        lr: Adam's step size.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(params, lr=lr)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401 - torch's signature
        """One step of Adam and back to the spheres; returns what ``closure``, if given, returns."""
        moving = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        radii = [self.state[p]["radius"] if self.state[p] else _lengths(p) for p in moving]
        loss = super().step(closure)
        for parameter, radius in zip(moving, radii, strict=True):
            parameter.mul_(radius / _lengths(parameter))
            self.state[parameter]["radius"] = radius
        return loss


def _lengths(vectors: Tensor) -> Tensor:
    """The length of every vector of ``[B, K, ...]``, ``[B, K, 1, ...]``, above 0."""
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=tuple(range(2, vectors.ndim)), keepdim=True)
    return lengths.clamp(min=SHORTEST)
