"""Normalised gradient descent, and Adam to compare it with."""

from collections.abc import Callable, Iterable
from typing import Literal, overload

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

OptimizerName = Literal["ngd", "adam"]


class NGD(Optimizer):
    """Normalised gradient descent: every code moves by exactly ``lr`` against its gradient.

    ``w <- w - lr * g / ||g||`` with the norm over the last axis, so that each code of an image has a step of its own
    and the scale of the loss does not matter. A code with zero gradient stays where it is. There is no momentum.
    Source: RSI, algorithm 1 (whose first line lacks the ``w -``).

    Args:
        params: Latents of shape ``[..., w_dim]``.
        lr: The length of a step, in the units of the latents.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every latent by one step; returns what ``closure``, if given, returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for latent in group["params"]:
                if latent.grad is not None:
                    latent.sub_(group["lr"] * direction(latent.grad))
        return loss


def direction(gradient: Tensor) -> Tensor:
    """The gradient scaled to length 1 along its last axis, 0 where it is 0."""
    norm = gradient.norm(dim=-1, keepdim=True)
    return torch.where(norm > 0, gradient / norm, 0)


def make_optimizer(name: OptimizerName, latent: nn.Parameter, lr: float) -> Optimizer:
    """An optimiser whose first step moves every code ``[..., w_dim]`` by ``lr``.

    NGD moves a code by ``lr`` at every step, Adam each of its ``w_dim`` numbers by about Adam's step size, which
    therefore is ``lr / sqrt(w_dim)``.
    """
    if name == "adam":
        return Adam([latent], lr=lr * latent.shape[-1] ** -0.5)
    return NGD([latent], lr=lr)
