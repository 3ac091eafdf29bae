"""Clamping and rounding that are exact forward and have a useful gradient backward."""

from typing import cast

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction, FunctionCtx

ROUNDING_CUBIC_SHARE = 0.8  # RSI, eq. 15


def soft_clamp(p: Tensor) -> Tensor:
    """``p`` of any shape clamped to [0, 1], with the gradient of ``sigmoid(2 (p - 0.5))``.

    Pixels that are clamped keep a gradient (RSI, Poirier-Ginter & Lalonde 2023).
    """
    return cast(Tensor, _SoftClamp.apply(p))


def soft_round(p: Tensor) -> Tensor:
    """``p`` of any shape rounded to whole numbers, with a gradient between 0.2 and 0.8.

    The gradient is that of ``(1 - a) p + a (round(p) + (p - round(p))^3)`` with ``a = 0.8``, in which
    ``round(p)`` counts as a constant (RSI, eq. 14 and 15, after Shin and Song 2017).
    """
    return cast(Tensor, _SoftRound.apply(p))


def straight_through_round(p: Tensor) -> Tensor:
    """``p`` of any shape rounded to whole numbers, with a gradient of 1 (Bengio et al. 2013)."""
    return cast(Tensor, _StraightThroughRound.apply(p))


class _SoftClamp(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, p: Tensor) -> Tensor:
        ctx.save_for_backward(p)
        return p.clamp(0, 1)

    @staticmethod
    def backward(ctx: BackwardCFunction, gradient: Tensor) -> Tensor:
        (p,) = ctx.saved_tensors
        s = (p - 0.5).mul_(2).sigmoid_()
        return s.mul_(1 - s).mul_(2).mul_(gradient)


class _SoftRound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, p: Tensor) -> Tensor:
        rounded = p.round()
        ctx.save_for_backward(p - rounded)
        return rounded

    @staticmethod
    def backward(ctx: BackwardCFunction, gradient: Tensor) -> Tensor:
        (remainder,) = ctx.saved_tensors
        a = ROUNDING_CUBIC_SHARE
        return remainder.square().mul_(3 * a).add_(1 - a).mul_(gradient)


class _StraightThroughRound(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, p: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        return p.round()

    @staticmethod
    def backward(ctx: BackwardCFunction, gradient: Tensor) -> Tensor:  # noqa: ARG004 - torch's signature
        return gradient
