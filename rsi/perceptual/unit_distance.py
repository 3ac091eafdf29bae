"""Distances between features as vectors of length 1, without writing the differences down."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from rsi.numerics.precision import full_precision
from rsi.perceptual.channel_sums import add_products, add_rows, maps_of, normalise, rows_of

Weights = Sequence[Tensor] | None


@torch.no_grad()
def unit_vectors(features: Sequence[Tensor], weights: Weights, epsilon: float) -> tuple[list[Tensor], Tensor]:
    """What :func:`unit_distances` compares with: features with channel vectors of length 1, and their energies.

    Args:
        features: The maps of each stage, ``[B, C, h, w]``.
        weights: The weights of each stage's channels, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps vectors finite where features vanish.

    Returns:
        The vectors, each ``[B, C, h, w]``, and ``sum w u^2`` averaged over positions, ``[stages, B]``.
    """
    units, energies = [], []
    with full_precision(features[0].device):
        for index, maps in enumerate(features):
            x = rows_of(maps)
            u = torch.empty_like(x, dtype=torch.promote_types(x.dtype, torch.float32))
            weight = u.new_ones(u.shape[1]) if weights is None else weights[index]
            energies.append(normalise(x, u, weight, epsilon).view(len(maps), -1).mean(1))
            units.append(maps_of(u, maps))
    return units, torch.stack(energies)


def unit_distances(
    features: Sequence[Tensor], units: Sequence[Tensor], energies: Tensor, weights: Weights, epsilon: float
) -> Tensor:
    """Squared distances of normalised features to constant unit vectors, averaged over positions, ``[stages, B]``.

    With ``n = (|x|^2 + epsilon)^-1/2`` it is ``sum w (n x - u)^2 = n^2 sum w x^2 - 2 n sum w x u + sum w u^2``: sums
    over channels of what is there already, where normalising first would fill and read maps of the features' size.
    They are taken a tile at a time, which stays in the cache. What follows from them is computed for all stages at
    once: on small maps the number of operations is what costs.

    Args:
        features: The maps of each stage, ``[B, C, h, w]``, not normalised.
        units: Normalised features to compare with, of the same shapes, from :func:`unit_vectors`.
        energies: The third sum, ``[stages, B]``, from there too.
        weights: The weights of each stage's channels, ``[C]``; ``None`` weighs all by 1.
        epsilon: Added to the squared lengths, which keeps gradients finite where features vanish.
    """
    distances: Tensor = _UnitDistances.apply(energies, weights, epsilon, *features, *units)
    return distances


class _UnitDistances(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, energies: Tensor, weights: Weights, epsilon: float, *maps: Tensor) -> Tensor:  # noqa: ANN401
        rows = [rows_of(some) for some in maps]
        stages, batch = energies.shape
        sizes = [len(u) for u in rows[stages:]]
        square, product = energies.new_empty(2, sum(sizes))
        weighted = square if weights is None else torch.empty_like(square)
        sums = zip(*(total.split(sizes) for total in (square, weighted, product)), strict=True)
        with full_precision(energies.device):
            for x, u, w, s in zip(rows, rows[stages:], _each(weights, stages), sums, strict=False):
                add_products(x, u, w, s)
        n = (square + epsilon).rsqrt_()
        excess = torch.addcmul(product, weighted, n, value=-1)
        ctx.sizes, ctx.weights = sizes, weights
        ctx.save_for_backward(n, excess, *maps)
        nearness = product.add_(excess).mul_(n).split(sizes)
        return energies - torch.stack([stage.view(batch, -1).mean(1) for stage in nearness])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        n, excess, *maps = ctx.saved_tensors
        stages, batch = gradient.shape
        towards_u = n.clone()
        for stage, factors in zip(towards_u.split(ctx.sizes), gradient.unbind(), strict=True):
            stage.view(batch, -1).mul_((2 * batch / len(stage) * factors)[:, None])
        of_x = towards_u * n
        along_x = of_x * excess.mul(n)
        if ctx.weights is None:
            of_x += along_x
        scales = zip(*(scale.split(ctx.sizes) for scale in (towards_u, of_x, along_x)), strict=True)
        each = zip(maps, maps[stages:], _each(ctx.weights, stages), scales, strict=False)
        of_maps = [maps_of(add_rows(rows_of(x), rows_of(u), w, s), x) for x, u, w, s in each]
        return (None, None, None, *of_maps, *[None] * stages)


def _each(weights: Weights, stages: int) -> Sequence[Tensor | None]:
    return [None] * stages if weights is None else weights
