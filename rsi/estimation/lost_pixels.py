"""Pixels that noise has lost: black ones, one by one, among bright ones."""

import numpy as np
from scipy import ndimage

from rsi.estimation.evidence import Array, Evidence

WINDOW = 7
BRIGHT = 1.2 * 255  # sum of the channels
MOST_PAIRS = 2.5  # as often as independent losses have a black neighbour
LEAST = 0.004  # share
FEWEST = 400  # pixels with bright neighbours


def lost_share(evidence: Evidence) -> tuple[float, float] | None:
    """The share of pixels that were lost and its standard deviation, where any were.

    Of the pixels whose kept neighbours are bright so many are black in all channels. Losses are independent: a lost
    pixel's neighbour is lost as often as any. Dark parts of a picture hang together.
    """
    black, known = is_black(evidence), ndimage.binary_erosion(evidence.known, np.ones((3, 3)), border_value=1)
    brightness = _mean_of_kept(evidence.pixels.sum(0), known & ~black)
    looked_at = known & (brightness > BRIGHT)
    if looked_at.sum() < FEWEST:
        looked_at = known & (brightness > BRIGHT / 4)
    count = int(looked_at.sum())
    if count < 2:
        return None
    share = float(black[looked_at].mean())
    if share < LEAST or _pairs(black, looked_at) > MOST_PAIRS * share**2:
        return None
    return share, float(np.sqrt(share * (1 - share) / count))


def is_black(evidence: Evidence) -> Array:
    """The known pixels ``[h, w]`` that are black in all channels."""
    return np.asarray((evidence.pixels.max(0) == 0) & evidence.known)


def _mean_of_kept(values: Array, kept: Array) -> Array:
    weight = ndimage.uniform_filter(kept.astype(float), WINDOW, mode="constant")
    total = ndimage.uniform_filter(np.where(kept, values, 0), WINDOW, mode="constant")
    return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), 0)


def _pairs(black: Array, looked_at: Array) -> float:
    """How often two neighbours are both black."""
    both = [black[:, 1:] & black[:, :-1], black[1:] & black[:-1]]
    seen = [looked_at[:, 1:] & looked_at[:, :-1], looked_at[1:] & looked_at[:-1]]
    total = sum(int(s.sum()) for s in seen)
    return sum(int(b[s].sum()) for b, s in zip(both, seen, strict=True)) / max(total, 1)
