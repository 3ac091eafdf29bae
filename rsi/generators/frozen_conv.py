"""Convolutions by constant weights."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


class FrozenConv(torch.autograd.Function):
    """A convolution by a constant weight: being linear, it need not keep its input for the backward pass.

    The gradient of a convolution is the transposed convolution by the same weight, and the other way round.
    """

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401 - autograd's context takes any attribute
        x: Tensor,
        weight: Tensor,
        stride: int,
        padding: int,
        groups: int,
        transposed: bool,
    ) -> Tensor:
        """The convolution of ``x``, ``[B, C, H, W]``, with the arguments of ``F.conv2d``."""
        ctx.save_for_backward(weight)
        ctx.geometry = stride, padding, groups, transposed
        convolve = F.conv_transpose2d if transposed else F.conv2d
        return convolve(x, weight, stride=stride, padding=padding, groups=groups)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401 - as in forward
        """The gradient with respect to ``x``."""
        (weight,) = ctx.saved_tensors
        stride, padding, groups, transposed = ctx.geometry
        grad = FrozenConv.apply(grad, weight.to(grad.dtype), stride, padding, groups, not transposed)
        return grad, None, None, None, None, None


def frozen_conv(
    x: Tensor, weight: Tensor, *, stride: int = 1, padding: int = 0, groups: int = 1, transposed: bool = False
) -> Tensor:
    """``F.conv2d``, or ``F.conv_transpose2d`` if ``transposed``, without a gradient for the weight."""
    y: Tensor = FrozenConv.apply(x, weight, stride, padding, groups, transposed)
    return y


def resample_filter() -> Tensor:
    """StyleGAN2's filter for changes of resolution: the outer square of [1, 3, 3, 1], sum 1, ``[4, 4]``."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0]) / 8
    return taps.outer(taps)


def smooth(x: Tensor, taps: Tensor) -> Tensor:
    """Filter every channel after a transposed convolution: ``[B, C, H, W]`` to ``[B, C, H - 1, W - 1]``.

    The gain of 4 makes up for the zeros that a stride of 2 puts between the samples.
    """
    channels = x.shape[1]
    return frozen_conv(x, (taps * 4).expand(channels, 1, 4, 4), padding=1, groups=channels)


def upsample(x: Tensor, taps: Tensor) -> Tensor:
    """Twice the resolution, samples spread by the filter: ``[B, C, H, W]`` to ``[B, C, 2 H, 2 W]``."""
    channels = x.shape[1]
    kernel = (taps * 4).expand(channels, 1, 4, 4)
    return frozen_conv(x, kernel, stride=2, padding=1, groups=channels, transposed=True)
