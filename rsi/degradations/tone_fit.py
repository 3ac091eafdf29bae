"""Straight lines of brightness that are fitted to targets anew at every step."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsi.data.target import Target

CELLS = 16  # a side, over which colours are averaged before they are compared
LEAST_AGREEMENT = 0.5  # a correlation
SMALLEST = 1e-5  # a variance: of images without contrast, the gain is 1


class ToneTarget(nn.Module):
    """The colours of targets, averaged over the known pixels of coarse cells.

    Noise, JPEG and the places of details average out; unknown pixels do not count. Its buffers are, in this order,
    ``colours``, ``[B, 3, n, n]``, ``weights``, ``[B, 1, n, n]``, the shares of known pixels, and ``known``,
    ``[B, 1, h, w]``, 1 where the targets carry information.

    Args:
        colours: The targets with the brightness that a stage's images have, ``[B, 3, h, w]``.
        known: Where they count.
    """

    def __init__(self, colours: Tensor, known: Tensor) -> None:
        super().__init__()
        cells = min(CELLS, *colours.shape[-2:])
        self.register_buffer("colours", pool(colours, known, cells), persistent=False)
        self.register_buffer("weights", F.adaptive_avg_pool2d(known, cells), persistent=False)
        self.register_buffer("known", known, persistent=False)


def tone_target(targets: Sequence[Target], *, lost: bool, brightness: float) -> ToneTarget:
    """The colours that the images of a stage have to come near to.

    Args:
        targets: The degraded images.
        lost: Whether pixels that are black in all channels were lost.
        brightness: How bright the stages that follow leave an image on average.
    """
    images, known = (torch.stack([getattr(target, name) for target in targets]) for name in ("image", "known"))
    if lost:
        known = known * (images.amax(1, keepdim=True) > 0)
    return ToneTarget(images / brightness, known)


def pool(images: Tensor, known: Tensor, cells: int) -> Tensor:
    """Averages over the known pixels of ``cells x cells`` parts, ``[B, C, H, W]`` to ``[B, C, cells, cells]``."""
    known = F.interpolate(known.to(images), images.shape[-2:], mode="nearest-exact")
    share = F.adaptive_avg_pool2d(known, cells)
    return F.adaptive_avg_pool2d(images * known, cells) / share.clamp_min(torch.finfo(share.dtype).tiny)


def fit_line(x: Tensor, y: Tensor, weights: Tensor) -> Tensor:
    """Gain and offset of the straight line through pairs: least squares, but for pairs that hardly agree.

    ``gain = max(r, 0.5) deviation(y) / deviation(x)`` with the correlation ``r``; least squares have ``r`` alone, which
    would invert or flatten a picture as long as the other is of something else.

    Args:
        x: ``[B, G, N]``.
        y: ``[B, G, N]``.
        weights: ``[B, 1, N]``, at least 0.

    Returns:
        ``[B, G, 2]``.
    """
    weights = weights / weights.sum(-1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
    mean_x, mean_y = ((value * weights).sum(-1, keepdim=True) for value in (x, y))
    dx, dy = x - mean_x, y - mean_y
    xx, xy, yy = ((product * weights).sum(-1, keepdim=True) + SMALLEST for product in (dx * dx, dx * dy, dy * dy))
    gain = torch.maximum(xy / xx, LEAST_AGREEMENT * (yy / xx).sqrt())
    return torch.cat([gain, mean_y - gain * mean_x], dim=-1)


def fit_curves(brightness: Tensor, colours: Tensor, weights: Tensor) -> Tensor:
    """The cubic polynomials of brightness that come nearest to colours, the lowest power first.

    Args:
        brightness: ``[B, 1, N]``.
        colours: ``[B, 3, N]``.
        weights: ``[B, 1, N]``, at least 0.

    Returns:
        ``[B, 3, 4]``; where there is little to go by, the brightness itself in all channels.
    """
    features = powers(brightness)
    weighted = features * weights / weights.sum(-1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
    itself = torch.eye(4).to(features)[1]
    ridge = SMALLEST * torch.eye(4).to(features)
    curves: Tensor = torch.linalg.solve(
        weighted @ features.mT + ridge, colours @ weighted.mT + SMALLEST * itself, left=False
    )
    return curves


def powers(brightness: Tensor) -> Tensor:
    """``[B, 1, ...]`` to its powers from 0 to 3, ``[B, 4, ...]``."""
    return torch.cat([brightness**power for power in range(4)], dim=1)
