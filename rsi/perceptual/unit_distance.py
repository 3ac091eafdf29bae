"""The distance between channel vectors of length 1, without writing the vectors down."""

from typing import Any

import torch
from torch import Tensor

from rsi.precision import full_precision


def normalise(features: Tensor, epsilon: float) -> Tensor:
    """Every position's channel vector scaled to length 1, ``[B, C, h, w]``; ``epsilon`` is added to its square."""
    features = _at_least_float(features)
    return features * (features.square().sum(1, keepdim=True) + epsilon).rsqrt()


def unit_distance(features: Tensor, units: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    """Squared distance of normalised features to constant unit vectors, ``[B]``.

    With ``n = (|x|^2 + epsilon)^-1/2`` it is ``sum w (n x - u)^2 = n^2 sum w x^2 - 2 n sum w x u + sum w u^2``: sums
    over channels of what is there already, where normalising first would fill and read maps of the features' size. As
    products with vectors these sums were measured to be the fastest.

    Args:
        features: ``[B, C, h, w]``, not normalised.
        units: Normalised features to compare with, of the same shape.
        weight: The weight of each channel, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps gradients finite where features vanish.
    """
    with full_precision(features.device):
        distance: Tensor = _UnitDistance.apply(_at_least_float(features), _at_least_float(units), weight, epsilon)
        return distance.mean((1, 2))


class _UnitDistance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, u: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:  # noqa: ANN401
        ones = x.new_ones(x.shape[1])
        w = ones if weight is None else weight
        squares = x * x
        square = _over_channels(squares, ones)
        weighted = square if weight is None else _over_channels(squares, w)
        product = _over_channels(torch.mul(x, u, out=squares), w)
        n = (square + epsilon).rsqrt_()
        ctx.save_for_backward(x, u, weight, n, product - weighted * n)
        return weighted * n.square() - 2 * product * n + _over_channels(torch.mul(u, u, out=squares), w)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, u, weight, n, excess = ctx.saved_tensors
        along_x = (2 * gradient * n.pow(3) * excess).unsqueeze(1)
        towards_u = (-2 * gradient * n).unsqueeze(1)
        of_x = (2 * gradient * n.square()).unsqueeze(1)
        if weight is None:
            return (x * (of_x + along_x)).addcmul_(u, towards_u), None, None, None
        weighted = (x * of_x).addcmul_(u, towards_u).mul_(weight[:, None, None])
        return weighted.addcmul_(x, along_x), None, None, None


def _over_channels(maps: Tensor, weight: Tensor) -> Tensor:
    """The weighted sum over the channels, ``[B, C, h, w]`` to ``[B, h, w]``."""
    return maps.movedim(1, -1) @ weight


def _at_least_float(maps: Tensor) -> Tensor:
    return maps.to(torch.promote_types(maps.dtype, torch.float32))
