"""Squares of 2 x 2 pixels, in which brightness that rises evenly cancels out and noise does not."""

from rsi.estimation.evidence import Array


def crossed_differences(planes: Array) -> Array:
    """The sum of one diagonal of every square less that of the other, ``[..., h, w]`` to ``[..., h - 1, w - 1]``."""
    return planes[..., 1:, 1:] - planes[..., 1:, :-1] - planes[..., :-1, 1:] + planes[..., :-1, :-1]


def whole_squares(mask: Array) -> Array:
    """Whether all four pixels of every square are in a mask, ``[h, w]`` to ``[h - 1, w - 1]`` bool."""
    return mask[1:, 1:] & mask[1:, :-1] & mask[:-1, 1:] & mask[:-1, :-1]
