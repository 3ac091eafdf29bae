"""An image in a few numbers that damages change."""

from itertools import pairwise

import numpy as np
from scipy import ndimage

from rsi.degradations.jpeg_blocks import BLOCK, dct_matrix
from rsi.estimation.blur import filled, spectrum
from rsi.estimation.evidence import Array, Evidence
from rsi.estimation.jpeg_history import to_blocks
from rsi.estimation.squares import crossed_differences, whole_squares

NO_JPEG = 100
LARGEST = 512  # side in pixels of what is looked at
QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
FEWEST = 4  # whole blocks; otherwise those with holes count, too
SHADES = (0.0, 0.25, 0.5, 0.75, 1.01)


def statistics(evidence: Evidence, quality: int | None) -> Array:
    """Logarithms, shares and moments, ``[n]`` float32; the same numbers for images of all sizes.

    Args:
        evidence: The image; holes are filled from around them.
        quality: Of its last JPEG, if that is known; ``None`` if there was none.
    """
    height, width = (min(side, LARGEST) for side in evidence.known.shape)
    seen = Evidence(evidence.pixels[:, :height, :width], evidence.known[:height, :width])
    luma, known = _at_least_a_block(filled(seen)), _at_least_a_block(seen.known)
    chroma = [_at_least_a_block(channel - seen.luma) for channel in seen.pixels[[0, 2]]]
    parts = [
        [np.log2(min(height, width)), seen.known.mean(), (NO_JPEG if quality is None else quality) / 100],
        [quality is None],
        _by_frequency(luma, known),
        _by_frequency(chroma[0] + chroma[1], known)[:BLOCK],
        *(_differences(*planes) for planes in ((luma, known), (luma.T, known.T))),
        _residual(luma, known),
        _noise_by_shade(luma, known),
        np.log(spectrum(luma) + 0.1),
        _extremes(seen),
    ]
    return np.concatenate([np.asarray(part, np.float32).ravel() for part in parts])


def _at_least_a_block(plane: Array) -> Array:
    missing = [(0, max(0, 2 * BLOCK - side)) for side in plane.shape]
    return np.pad(plane, missing, "symmetric" if min(plane.shape) >= BLOCK else "edge")


def _by_frequency(plane: Array, known: Array) -> Array:
    """Mean and median size of the coefficients of 8x8 blocks, by the sum of their two frequencies, ``[30]``."""
    matrix = dct_matrix().numpy()
    blocks, whole = to_blocks(plane), to_blocks(known).all((1, 2))
    chosen = blocks[whole] if whole.sum() >= FEWEST else blocks
    size = np.abs(matrix @ (chosen - 128) @ matrix.T)
    order = np.add.outer(np.arange(BLOCK), np.arange(BLOCK))
    means = [size[:, order == k].mean() for k in range(2 * BLOCK - 1)]
    medians = [np.median(size[:, order == k]) for k in range(2 * BLOCK - 1)]
    return np.log(np.array(means + medians) + 0.1)


def _differences(luma: Array, known: Array) -> Array:
    """Quantiles of second differences along columns, and their means by the place in a block."""
    second, seen = np.abs(np.diff(luma, 2, 0)), known[2:] & known[1:-1] & known[:-2]
    by_place = [_mean(second[place::BLOCK], seen[place::BLOCK]) for place in range(BLOCK)]
    quantiles = np.quantile(second[seen], QUANTILES) if seen.any() else np.zeros(len(QUANTILES))
    return np.log(np.array([*quantiles, *by_place]) + 0.1)


def _mean(values: Array, seen: Array) -> float:
    return float(values[seen].mean()) if seen.any() else 0.0


def _residual(luma: Array, known: Array) -> Array:
    """Size, skewness and kurtosis of what a median filter takes away."""
    rest = (luma - ndimage.median_filter(luma, 3))[known]
    size = rest.std() + 0.1
    return np.array([np.log(size), (rest**3).mean() / size**3, np.log1p((rest**4).mean() / size**4)])


def _noise_by_shade(luma: Array, known: Array) -> Array:
    """Logarithm of the mean squared crossed difference, and the share, of dark to bright quarters of the range."""
    squared, seen = crossed_differences(luma) ** 2 / 4, whole_squares(known)
    shade = ndimage.uniform_filter(luma, 5)[1:, 1:] / 255
    values = []
    for low, high in pairwise(SHADES):
        chosen = seen & (shade >= low) & (shade < high)
        values += [np.log(_mean(squared, chosen) + 0.1), chosen.mean()]
    return np.array(values)


def _extremes(evidence: Evidence) -> Array:
    """Shares of nearly black and nearly white known pixels."""
    darkest, brightest = (f(evidence.pixels, axis=0)[evidence.known] for f in (np.max, np.min))
    shares = [(darkest <= limit).mean() for limit in (0, 8, 32)] + [(brightest >= limit).mean() for limit in (223, 255)]
    return np.array(shares)
