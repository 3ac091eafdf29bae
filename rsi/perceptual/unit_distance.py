"""The distance between channel vectors of length 1, without writing the differences down."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from rsi.precision import full_precision

TILE = 2**18  # numbers of a map that are worked on at a time: few enough to stay in the cache


@torch.no_grad()
def unit_vectors(features: Tensor, weight: Tensor | None, epsilon: float) -> tuple[Tensor, Tensor]:
    """What :func:`unit_distance` compares with: features with channel vectors of length 1, and their energy.

    Args:
        features: ``[B, C, h, w]``.
        weight: The weight of each channel, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps vectors finite where features vanish.

    Returns:
        The vectors, ``[B, C, h, w]``, and ``sum w u^2`` averaged over positions, ``[B]``.
    """
    x_rows = _rows(features)
    ones, w = _weights(x_rows, weight)
    u_rows, energy = torch.empty_like(x_rows, dtype=w.dtype), w.new_empty(len(x_rows))
    with full_precision(features.device):
        for x, u, e in _tiles(x_rows, u_rows, energy):
            squares = x.to(w.dtype).square()
            scale = (squares.mv(ones) + epsilon).rsqrt_()
            torch.mul(x, scale[:, None], out=u)
            torch.mul(squares.mv(w), scale.square_(), out=e)
    return _maps(u_rows, features), energy.view(len(features), -1).mean(1)


def unit_distance(features: Tensor, units: Tensor, energy: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    """Squared distance of normalised features to constant unit vectors, averaged over positions, ``[B]``.

    With ``n = (|x|^2 + epsilon)^-1/2`` it is ``sum w (n x - u)^2 = n^2 sum w x^2 - 2 n sum w x u + sum w u^2``: sums
    over channels of what is there already, where normalising first would fill and read maps of the features' size. As
    products with vectors, a tile at a time, these sums were measured to be the fastest.

    Args:
        features: ``[B, C, h, w]``, not normalised.
        units: Normalised features to compare with, of the same shape, from :func:`unit_vectors`.
        energy: The third sum, ``[B]``, from there too.
        weight: The weight of each channel, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps gradients finite where features vanish.
    """
    distance: Tensor = _UnitDistance.apply(features, units, energy, weight, epsilon)
    return distance


class _UnitDistance(torch.autograd.Function):
    """Works on the vectors of all positions, ``[B h w, C]``: a view where channels are last in memory."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        x: Tensor,
        u: Tensor,
        energy: Tensor,
        weight: Tensor | None,
        epsilon: float,
    ) -> Tensor:
        x_rows, u_rows = _rows(x), _rows(u)
        ones, w = _weights(u_rows, weight)
        square, product = torch.empty_like(u_rows[:, 0]), torch.empty_like(u_rows[:, 0])
        weighted = square if weight is None else torch.empty_like(square)
        with full_precision(x.device):
            for x_tile, u_tile, s, e, p in _tiles(x_rows, u_rows, square, weighted, product):
                x_tile = x_tile.to(w.dtype)
                products = x_tile * x_tile
                torch.mv(products, ones, out=s)
                if weight is not None:
                    torch.mv(products, w, out=e)
                torch.mv(torch.mul(x_tile, u_tile, out=products), w, out=p)
        n = (square + epsilon).rsqrt_()
        excess = torch.addcmul(product, weighted, n, value=-1)
        ctx.save_for_backward(x, u, weight, n, excess)
        distance: Tensor = energy - (n * (excess + product)).view(len(x), -1).mean(1)
        return distance

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        x, u, weight, n, excess = ctx.saved_tensors
        x_rows, u_rows = _rows(x), _rows(u)
        positions = n.view(len(x), -1)
        towards_u = (positions * (2 / positions.shape[1] * gradient)[:, None]).view(-1, 1)
        of_x = towards_u * n[:, None]
        along_x = of_x * (n * excess)[:, None]
        if weight is None:
            of_x += along_x
        g_rows = torch.empty_like(x_rows)
        for x_tile, u_tile, t, o, a, g in _tiles(x_rows, u_rows, towards_u, of_x, along_x, g_rows):
            x_tile = x_tile.to(u.dtype)
            rows = torch.mul(x_tile, o, out=g if g.dtype == u.dtype else None)
            rows.addcmul_(u_tile, t, value=-1)
            if weight is not None:
                rows.mul_(weight).addcmul_(x_tile, a)
            if rows is not g:
                g.copy_(rows)
        return _maps(g_rows, x), None, None, None, None


def _weights(rows: Tensor, weight: Tensor | None) -> tuple[Tensor, Tensor]:
    """Ones, and the weights of the channels, in the precision of sums."""
    ones = rows.new_ones(rows.shape[1], dtype=torch.promote_types(rows.dtype, torch.float32))
    return ones, ones if weight is None else weight


def _tiles(*rows: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Some rows of each at a time; all of them on devices other than the CPU."""
    count = max(1, TILE // rows[0].shape[1])
    if rows[0].device.type != "cpu" or len(rows[0]) <= count:
        return iter([rows])
    return zip(*(torch.split(some, count) for some in rows), strict=True)


def _rows(maps: Tensor) -> Tensor:
    return maps.movedim(1, -1).reshape(-1, maps.shape[1])


def _maps(rows: Tensor, like: Tensor) -> Tensor:
    return rows.view(len(like), *like.shape[2:], -1).movedim(-1, 1)
