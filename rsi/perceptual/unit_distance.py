"""The distance between channel vectors of length 1, without writing the vectors down."""

from typing import Any

import torch
from torch import Tensor


def normalise(features: Tensor, epsilon: float) -> Tensor:
    """Every position's channel vector scaled to length 1, ``[B, C, h, w]``; ``epsilon`` is added to its square."""
    return features * (features.square().sum(1, keepdim=True) + epsilon).rsqrt()


def unit_distance(features: Tensor, units: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    """Squared distance of normalised features to constant unit vectors, ``[B]``.

    With ``n = (|x|^2 + epsilon)^-1/2`` it is ``sum w (n x - u)^2 = n^2 sum w x^2 - 2 n sum w x u + sum w u^2``: sums
    over channels of what is there already, where normalising first would fill and read maps of the features' size.

    Args:
        features: ``[B, C, h, w]``, not normalised.
        units: Normalised features to compare with, of the same shape.
        weight: The weight of each channel, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps gradients finite where features vanish.
    """
    distance: Tensor = _UnitDistance.apply(features.float(), units.float(), weight, epsilon)
    return distance.mean((1, 2))


class _UnitDistance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, u: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:  # noqa: ANN401
        w = None if weight is None else weight[:, None, None]
        square = torch.linalg.vecdot(x, x, dim=1)
        weighted_x = x if w is None else x * w
        weighted_square = square if w is None else torch.linalg.vecdot(weighted_x, x, dim=1)
        product = torch.linalg.vecdot(weighted_x, u, dim=1)
        n = (square + epsilon).rsqrt()
        constant = torch.linalg.vecdot(u if w is None else u * w, u, dim=1)
        ctx.save_for_backward(x, u, w, n, product - weighted_square * n)
        distance: Tensor = weighted_square * n.square() - 2 * product * n + constant
        return distance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, u, w, n, excess = ctx.saved_tensors
        along_x = (2 * gradient * n.pow(3) * excess).unsqueeze(1)
        scale = (2 * gradient * n).unsqueeze(1)
        if w is None:
            return torch.addcmul((along_x + scale * n.unsqueeze(1)) * x, scale, u, value=-1), None, None, None
        towards = w * (n.unsqueeze(1) * x - u)
        return torch.addcmul(along_x * x, scale, towards), None, None, None
