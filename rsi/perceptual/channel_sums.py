"""Arithmetic on the feature vectors of all positions of a map, ``[positions, C]``, a tile at a time.

Rows are views of maps whose channels are last in memory. Channels are summed, not multiplied by a vector: on some
processors the bits of such a product depend on the number of threads.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

TILE = 2**18  # numbers of a map that are worked on at a time: few enough to stay in the cache


def rows_of(maps: Tensor) -> Tensor:
    """``[B, C, h, w]`` as ``[B h w, C]``."""
    return maps.movedim(1, -1).reshape(-1, maps.shape[1])


def maps_of(rows: Tensor, like: Tensor) -> Tensor:
    """``[B h w, C]`` as maps of the shape of others, ``[B, C, h, w]``."""
    return rows.view(len(like), *like.shape[2:], -1).movedim(-1, 1)


def normalise(x_rows: Tensor, u_rows: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Write each row scaled to length 1, and return ``sum w u^2`` of each, ``[positions]``.

    Args:
        x_rows: The rows, ``[positions, C]``.
        u_rows: Where the scaled ones go, ``[positions, C]``.
        weight: ``w``, ``[C]``.
        epsilon: Added to the squared length of a row.
    """
    energy = torch.empty_like(u_rows[:, 0])
    for x, u, e in _tiles(x_rows, u_rows, energy):
        squares = x.to(u.dtype).square()
        scale = (squares.sum(1) + epsilon).rsqrt_()
        torch.mul(x, scale[:, None], out=u)
        torch.mul(squares.mul_(weight).sum(1), scale.square_(), out=e)
    return energy


def add_products(x_rows: Tensor, u_rows: Tensor, weight: Tensor | None, sums: tuple[Tensor, Tensor, Tensor]) -> None:
    """Write ``sum x^2``, ``sum w x^2`` and ``sum w x u`` of each row; the second only where there is a weight.

    Args:
        x_rows: ``x``, ``[positions, C]``.
        u_rows: ``u``, ``[positions, C]``.
        weight: ``w``, ``[C]``; ``None`` counts all channels once.
        sums: Where the sums go, ``[positions]`` each.
    """
    for x, u, square, weighted, product in _tiles(x_rows, u_rows, *sums):
        x = x.to(u.dtype)
        products = x * x
        torch.sum(products, 1, out=square)
        if weight is not None:
            torch.sum(products.mul_(weight), 1, out=weighted)
        torch.mul(x, u, out=products)
        torch.sum(products if weight is None else products.mul_(weight), 1, out=product)


def add_rows(x_rows: Tensor, u_rows: Tensor, weight: Tensor | None, scales: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    """``w (b x - a u) + c x`` of each row, ``[positions, C]``; without a weight, ``b x - a u``.

    Args:
        x_rows: ``x``, ``[positions, C]``.
        u_rows: ``u``, ``[positions, C]``.
        weight: ``w``, ``[C]``, or ``None``.
        scales: ``a``, ``b`` and ``c``, ``[positions]`` each.
    """
    result = torch.empty_like(x_rows)
    a_rows, b_rows, c_rows = (scale[:, None] for scale in scales)
    for x, u, a, b, c, out in _tiles(x_rows, u_rows, a_rows, b_rows, c_rows, result):
        x = x.to(u.dtype)
        rows = torch.mul(x, b, out=out if out.dtype == u.dtype else None)
        rows.addcmul_(u, a, value=-1)
        if weight is not None:
            rows.mul_(weight).addcmul_(x, c)
        if rows is not out:
            out.copy_(rows)
    return result


def _tiles(*rows: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Some rows of each at a time; all of them on devices other than the CPU."""
    count = max(1, TILE // rows[0].shape[1])
    if rows[0].device.type != "cpu" or len(rows[0]) <= count:
        return iter([rows])
    return zip(*(torch.split(some, count) for some in rows), strict=True)
