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
    distance: Tensor = _UnitDistance.apply(_at_least_float(features), _at_least_float(units), weight, epsilon)
    return distance


class _UnitDistance(torch.autograd.Function):
    """Works on the vectors of all positions, ``[B h w, C]``: a view where channels are last in memory."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, u: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:  # noqa: ANN401
        x_rows, u_rows = _rows(x), _rows(u)
        ones = x.new_ones(x.shape[1])
        w = ones if weight is None else weight
        with full_precision(x.device):
            products = x_rows * x_rows
            square = products.mv(ones)
            weighted = square if weight is None else products.mv(w)
            product = torch.mul(x_rows, u_rows, out=products).mv(w)
            constant = torch.mul(u_rows, u_rows, out=products).mv(w)
        n = (square + epsilon).rsqrt_()
        excess = torch.addcmul(product, weighted, n, value=-1)
        ctx.save_for_backward(x, u, weight, n, excess)
        return torch.addcmul(constant, n, excess + product, value=-1).view(len(x), -1).mean(1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, u, weight, n, excess = ctx.saved_tensors
        x_rows, u_rows = _rows(x), _rows(u)
        positions = n.view(len(x), -1)
        towards_u = (positions * (2 / positions.shape[1] * gradient)[:, None]).view(-1)
        of_x = towards_u * n
        along_x = of_x * n * excess
        if weight is None:
            rows = (x_rows * (of_x + along_x)[:, None]).addcmul_(u_rows, towards_u[:, None], value=-1)
        else:
            rows = (x_rows * of_x[:, None]).addcmul_(u_rows, towards_u[:, None], value=-1).mul_(weight)
            rows.addcmul_(x_rows, along_x[:, None])
        return rows.view(len(x), *x.shape[2:], -1).movedim(-1, 1), None, None, None


def _rows(maps: Tensor) -> Tensor:
    return maps.movedim(1, -1).reshape(-1, maps.shape[1])


def _at_least_float(maps: Tensor) -> Tensor:
    return maps if maps.dtype == torch.float32 else maps.to(torch.promote_types(maps.dtype, torch.float32))
