"""Losses whose gradient is computed before the next loss."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rsi.precision import full_precision

Losses = Callable[[Tensor], dict[str, Tensor]]


def gradient_at_once(losses: Losses, x: Tensor) -> dict[str, Tensor]:
    """``losses(x)``; if a gradient can be asked for, that of ``total`` is computed right now and kept.

    Of a loss that is computed part by part, each part then frees its maps before the next one fills its own: less
    memory, and what the gradient needs is still in the cache.

    Args:
        losses: Takes ``x`` and returns terms, ``[B]`` each; that of an image depends on its own part of ``x`` alone.
        x: Codes or images, ``[B, ...]``.

    Returns:
        The terms; a gradient flows through ``total`` alone.
    """
    if not torch.is_grad_enabled():
        return losses(x)
    names: list[str] = []
    values: Tensor = _GradientAtOnce.apply(x, losses, names)
    return dict(zip(names, values, strict=True))


class _GradientAtOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, losses: Losses, names: list[str]) -> Tensor:  # noqa: ANN401
        with torch.enable_grad():
            leaf = x.detach().requires_grad_()
            terms = losses(leaf)
            with full_precision(leaf.device):
                (ctx.gradient,) = torch.autograd.grad(terms["total"].sum(), leaf)
        names.extend(terms)
        ctx.total = names.index("total")
        return torch.stack([value.detach() for value in terms.values()])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        of_total = gradient[ctx.total]
        return ctx.gradient * of_total.view(-1, *[1] * (ctx.gradient.ndim - 1)), None, None
