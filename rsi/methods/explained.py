"""How much of a target the picture explains that the method began with."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

GRID = 8
DRAWS = 4
SMALLEST = 1e-6  # of a variance


def explained(drawn: Callable[[int], Tensor], target: Tensor, known: Tensor) -> Tensor:
    """The share of the variance of targets that degraded pictures explain, averaged over a grid of 8 by 8.

    It is 1 where they agree, 0 where the mean colour would agree as well, and less where even that would be better.
    Fine detail, grain and blocks play no part.

    Args:
        drawn: The degraded pictures ``[B, 3, h, w]`` with one draw of noise after another, of which the mean counts.
        target: ``[B, 3, h, w]``, 0 where it is unknown.
        known: ``[B, 1, h, w]``, 1 where the target is known.

    Returns:
        ``[B]``.
    """
    share = F.adaptive_avg_pool2d(known, GRID)

    def reduced(images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(images * known, GRID) / share.clamp(min=SMALLEST)

    goal, weight = reduced(target), share / share.sum((2, 3), keepdim=True)
    mean = torch.stack([reduced(drawn(draw)) for draw in range(DRAWS)]).mean(0)
    variance = ((goal - (goal * weight).sum((2, 3), keepdim=True)).square() * weight).sum((1, 2, 3))
    return 1 - ((mean - goal).square() * weight).sum((1, 2, 3)) / variance.clamp(min=SMALLEST)
