"""What the modulated convolutions of StyleGAN2 and StyleGAN3 have in common, forwards and backwards."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from rsi.numerics.precision import full_precision

SLOPE = 0.2  # of the leaky ReLU below zero
GAIN = math.sqrt(2)  # of the leaky ReLU, which keeps the variance
EPSILON = 1e-8

Gradients = tuple[Tensor | None, ...]


def in_full_precision(backward: Callable[[Any, Tensor], Gradients]) -> Callable[[Any, Tensor], Gradients]:
    """Keep out the autocast that may be on where a gradient is asked for."""

    def wrapped(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401 - as torch has it
        if not torch.is_autocast_enabled(gradient.device.type):
            return backward(ctx, gradient)
        with full_precision(gradient.device):
            return backward(ctx, gradient)

    return wrapped


def weight_energy(weight: Tensor) -> Tensor:
    """The sum of squares over the pixels of a weight, ``[out, in, k, k]`` to ``[out, in]``."""
    return weight.detach().square().sum(dim=(2, 3))


def reciprocal_norm(energy: Tensor) -> Tensor:
    """What demodulation multiplies the maps of squared lengths ``energy`` with, times the gain of the activation."""
    return GAIN * (energy + EPSILON).rsqrt()


def as_maps(values: Tensor, like: Tensor) -> Tensor:
    """Values ``[B, C]`` as maps of one pixel, of the type of ``like``."""
    return values.to(like.dtype)[:, :, None, None]


def grouped(weight: Tensor) -> tuple[Tensor, int]:
    """A weight for a convolution in groups, and their number.

    Args:
        weight: ``[out, in, k, k]``, which all images share, or ``[B, out, in, k, k]``, one for each.
    """
    return (weight, 1) if weight.ndim == 4 else (weight.flatten(0, 1), len(weight))


def joined(x: Tensor, groups: int) -> Tensor:
    """Images ``[B, C, H, W]`` with weights of their own as groups of channels of one, ``[1, groups C, H, W]``."""
    return x if groups == 1 else x.reshape(1, -1, *x.shape[2:])


def split(x: Tensor, groups: int) -> Tensor:
    """The reverse of :func:`joined`, ``[1, groups C, H, W]`` to ``[groups, C, H, W]``."""
    return x if groups == 1 else x.view(groups, -1, *x.shape[2:])
