"""How much of a target the picture explains that the method began with."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.generators import GeneratorInfo

GRID = 8
DRAWS = 8
SIGNAL = 0.1  # at least so much of a variance is taken for more than noise
SMALLEST = 1e-6  # of a variance
LEAST_EXPLAINED = 0.84  # share of a picture that the embedded generator draws


def is_drawn(share: float | None, info: GeneratorInfo) -> bool:
    """Whether a picture is one that a generator draws, by the share of it that was explained.

    How much it takes was measured for the embedded generator alone: with others every picture counts as drawn.
    """
    return not info.embedded or share is None or share >= LEAST_EXPLAINED


def share_explained(drawn: Callable[[int], Tensor], target: Tensor, known: Tensor) -> Tensor:
    """The share of the variance of targets that degraded pictures explain, averaged over a grid of 8 by 8.

    It is 1 where they agree, 0 where the mean colour would agree as well, and less where even that would be better.
    Fine detail and blocks play no part. Noise, by how much the draws differ, is taken off error and variance.

    Args:
        drawn: The degraded pictures ``[B, 3, h, w]`` with one draw of noise after another.
        target: ``[B, 3, h, w]``, 0 where it is unknown.
        known: ``[B, 1, h, w]``, 1 where the target is known.

    Returns:
        ``[B]``.
    """
    share = F.adaptive_avg_pool2d(known, GRID)
    weight = share / share.sum((2, 3), keepdim=True)

    def reduced(images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(images * known, GRID) / share.clamp(min=SMALLEST)

    def summed(squares: Tensor) -> Tensor:
        return (squares * weight).sum((1, 2, 3))

    goal, draws = reduced(target), torch.stack([reduced(drawn(draw)) for draw in range(DRAWS)])
    variance = summed((goal - (goal * weight).sum((2, 3), keepdim=True)).square())
    noise = torch.minimum(summed(draws.var(0)), (1 - SIGNAL) * variance)
    error = summed((draws.mean(0) - goal).square()) - (1 + 1 / DRAWS) * noise
    return 1 - (error / (variance - noise).clamp(min=SMALLEST)).clamp(min=0)
