"""Noise: its kind and strength by the variance of small blocks against their brightness."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.stats import chi2, poisson

from rsi.estimation.evidence import Array, Evidence, Finding, How
from rsi.estimation.lost_pixels import is_black, lost_share
from rsi.estimation.squares import crossed_differences, whole_squares

BLOCK, STRIDE = 8, 4
DARKEST, BRIGHTEST = 0.12, 0.97  # means of blocks that are looked at
QUADS_PER_PIXEL, PAIRS_PER_PIXEL = 0.45, 0.7  # degrees of freedom of overlapping differences
MOSTLY_LOST = 0.25
FLAT = 0.15  # the share of blocks that show noise alone
ROUNDS = 8
FEWEST = 12  # blocks
NONE, UNSURE = 4.0, 6.0  # grey levels; fine texture of photographs reaches the first
SHADES = 6  # of brightness, in which counted photons and constant noise are told apart
TEXTURE = 0.05  # of the variance of flat blocks is not noise
ON_COMB = 0.999
GREY_LEVEL = 1 / 255
INTERVAL = 0.85, 1.2  # times k_p
STRENGTHS = np.geomspace(2, 5000, 48)
MANY = 300  # photons, of which clamping hardly takes any
BRIGHTNESSES = np.linspace(0.01, 1.3, 130)  # before clamping


class Blocks(NamedTuple):
    """What is measured of blocks of pixels, those of all channels together, ``[n]`` each, of images in [0, 1].

    Attributes:
        means: Their brightness.
        variances: Of the noise in them.
        freedom: The degrees of freedom of the variances.
    """

    means: Array
    variances: Array
    freedom: Array


def find_noise(evidence: Evidence) -> Evidence:
    """Lost pixels and noise; only where nothing has changed the pixels after it."""
    if not evidence.lossless:
        return evidence
    lost = lost_share(evidence)
    kept = evidence.known & ~is_black(evidence) if lost else evidence.known
    blocks = _blocks(evidence, kept, lost[0] if lost else 0.0)
    k_p = None if blocks is None else _photons(blocks)
    if blocks is None or k_p is None:
        return evidence
    deviation = 255 * float(np.sqrt(0.5 / k_p))
    if deviation < NONE and not lost:
        return evidence
    comb = _comb(evidence, kept)
    if comb is not None and 0.5 < comb / k_p < 2:
        return evidence.found(_poisson_noise(float(comb), lost, deviation, exact=True), known=kept)
    if lost or not _is_constant(blocks, k_p):
        return evidence.found(_poisson_noise(k_p, lost, deviation, exact=False), known=kept)
    sigma = _constant(blocks)
    return evidence.found(_constant_noise(sigma), known=kept) if 255 * sigma > NONE else evidence


def _poisson_noise(k_p: float, lost: tuple[float, float] | None, deviation: float, *, exact: bool) -> Finding:
    share, spread = lost or (0.0, 0.0)
    why = f"a grey of one half varies by {deviation:.0f} of 255 levels, more where it is brighter"
    if exact:
        why = "all values are whole numbers of photons"
    if lost:
        why += f"; {share:.1%} of the pixels are black among bright ones"
    slack = 2 * spread + 0.01 * share
    intervals = {
        "k_p": (k_p, k_p) if exact else (INTERVAL[0] * k_p, INTERVAL[1] * k_p),
        **({"k_b": (max(share - slack, 0.0), share + slack)} if lost else {}),
    }
    how: How = "exact" if exact and not lost else "measured" if deviation > UNSURE or lost else "guessed"
    return Finding("noise", {"k_p": k_p, "k_b": share}, how, why, intervals)


def _constant_noise(sigma: float) -> Finding:
    why = f"flat parts vary by {255 * sigma:.1f} of 255 levels, as much where they are dark"
    how: How = "measured" if 255 * sigma > UNSURE else "guessed"
    return Finding("gaussian", {"sigma": sigma}, how, why, {"sigma": (0.9 * sigma, 1.1 * sigma)})


def _blocks(evidence: Evidence, kept: Array, share: float) -> Blocks | None:
    """The blocks that are neither too dark nor too bright, by the pixels that noise has kept all but a share of."""
    y = evidence.pixels / 255
    if share > MOSTLY_LOST:
        differences, usable = (y[:, :, 1:] - y[:, :, :-1]) / np.sqrt(2), kept[:, 1:] & kept[:, :-1]
        y, mask, freedom = y[:, :, 1:], kept[:, 1:], PAIRS_PER_PIXEL
    else:
        differences, usable = crossed_differences(y) / 2, whole_squares(kept)
        y, mask, freedom = y[:, 1:, 1:], kept[1:, 1:], QUADS_PER_PIXEL
    if min(usable.shape) < BLOCK:
        return None
    terms, pixels = _sums(usable[None].astype(float)), _sums(mask[None].astype(float))
    enough = (terms > BLOCK * BLOCK / 8) & (pixels > 0)
    means = _sums(np.where(mask, y, 0)) / np.maximum(pixels, 1)
    variances = _sums(np.where(usable, differences**2, 0)) / np.maximum(terms, 1)
    chosen = enough & (means > DARKEST) & (means < BRIGHTEST)
    if chosen.sum() < FEWEST:
        return None
    return Blocks(means[chosen], variances[chosen], np.broadcast_to(freedom * terms, means.shape)[chosen])


def _sums(planes: Array) -> Array:
    windows = sliding_window_view(planes, (BLOCK, BLOCK), (1, 2))[:, ::STRIDE, ::STRIDE]
    return np.asarray(windows.sum((3, 4)))


def _photons(blocks: Blocks) -> float | None:
    """The ``k_p`` whose clamped Poisson noise varies as flat blocks do."""
    means, variances, freedom = blocks
    wanted = np.quantile(chi2.ppf(FLAT, freedom) / freedom, 0.5)

    def excess(k: float) -> float:
        return float(np.quantile(variances / _variance(means, k), FLAT) / wanted)

    above = [k for k in STRENGTHS if excess(k) < 1]
    k_p = float(max(above)) if above else float(STRENGTHS[0])
    for _ in range(ROUNDS):
        ratio = _mean_of_flat(variances / _variance(means, k_p), freedom)
        if ratio is None:
            return None
        k_p = float(np.clip(k_p / ratio, STRENGTHS[0], STRENGTHS[-1]))
    return k_p / (1 - TEXTURE)


def _mean_of_flat(ratios: Array, freedom: Array) -> float | None:
    """The mean of the ratios that are no larger than noise makes them, over what it would be for noise alone."""
    limit = 1 + np.sqrt(2 / freedom)
    flat = ratios < limit
    if flat.sum() < FEWEST:
        return None
    typical = np.median(freedom[flat])
    bound = typical + np.sqrt(2 * typical)
    truncated = chi2.cdf(bound, typical + 2) / chi2.cdf(bound, typical)
    return float(ratios[flat].mean() / truncated)


def _constant(blocks: Blocks) -> float:
    """The deviation of noise that is as strong everywhere."""
    _, variances, freedom = blocks
    variance = float(np.quantile(variances, FLAT) / np.quantile(chi2.ppf(FLAT, freedom) / freedom, 0.5))
    for _ in range(ROUNDS if variance else 0):
        variance *= _mean_of_flat(variances / variance, freedom) or 1.0
    return float(np.sqrt(max(variance * (1 - TEXTURE) - GREY_LEVEL**2 / 12, 0)))


def _is_constant(blocks: Blocks, k_p: float) -> bool:
    """Whether flat blocks of all brightnesses vary equally, rather than as counted photons do."""
    means, variances, _ = blocks
    edges = np.quantile(means, np.linspace(0, 1, SHADES + 1))
    shade = np.clip(np.searchsorted(edges, means, "right") - 1, 0, SHADES - 1)

    def unevenness(expected: Array) -> float:
        flat = [np.quantile((variances / expected)[shade == s], FLAT) for s in range(SHADES) if (shade == s).any()]
        return float(np.log(np.maximum(flat, 1e-6)).std())

    return unevenness(np.ones_like(means)) < unevenness(_variance(means, k_p))


def _variance(means: Array, k_p: float) -> Array:
    """The variance of clamped Poisson noise, and of rounding to 8 bits, where the mean is as given."""
    if k_p > MANY:
        return means / k_p + GREY_LEVEL**2 / 12
    mean, variance = _clamped_poisson(round(float(np.log(k_p)), 2))
    return np.interp(means, mean, variance) + GREY_LEVEL**2 / 12


@cache
def _clamped_poisson(log_strength: float) -> tuple[Array, Array]:
    """Mean and variance of ``min(Poisson(k x), k) / k`` for rising x."""
    k = float(np.exp(log_strength))
    counts = np.arange(int(1.3 * k + 12 * np.sqrt(1.3 * k) + 20))
    probability = poisson.pmf(counts[None], k * BRIGHTNESSES[:, None])
    values = np.minimum(counts, k) / k
    mean = probability @ values
    return mean, probability @ values**2 - mean**2


def _comb(evidence: Evidence, kept: Array) -> int | None:
    """The fewest photons whose whole numbers are the pixels' only values."""
    values = np.bincount(np.round(evidence.pixels[:, kept]).astype(int).ravel(), minlength=256)
    for k in range(2, 128):
        teeth = np.unique(np.round(255 * np.arange(k + 1) / k).astype(int))
        if values[teeth].sum() >= ON_COMB * values.sum():
            return k
    return None
