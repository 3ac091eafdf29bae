"""Whether an image was a smaller one that was enlarged, and by how much."""

from collections.abc import Callable
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import solveh_banded

from rsi.estimation.evidence import Array, Evidence, Finding

LEAST, MOST = 1.15, 10.0  # factors that are looked for
ROUNDING = 0.29  # rms of rounding to whole grey levels
LUMA = 0.67  # of it in the luma of three channels
MARGIN = 1.35
DISTINCT = 2.0  # the next smaller size has to fit so much worse
COLUMNS = 48  # textured ones that are looked at
FEWEST, SHORTEST = 8, 16  # of them, and pixels of one
TEXTURE = 4.0  # grey levels, deviation of a column
PARTS = ((0, 1), (0, 1 / 2), (1 / 2, 1), (1 / 4, 3 / 4), (0, 1 / 4), (3 / 4, 1))  # of columns; the first intact one


class Kernel(NamedTuple):
    """A filter of Pillow's.

    Attributes:
        weight: Of a pixel by its distance in pixels of the smaller image.
        reach: The largest distance that counts.
    """

    weight: Callable[[Array], Array]
    reach: int


def _bilinear(x: Array) -> Array:
    return np.asarray(np.maximum(1 - np.abs(x), 0))


def _bicubic(x: Array) -> Array:
    """Keys's cubic with a = -1/2, as Pillow has it."""
    x = np.abs(x)
    near = 1.5 * x**3 - 2.5 * x**2 + 1
    far = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _lanczos(x: Array) -> Array:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


KERNELS = {"bilinear": Kernel(_bilinear, 1), "bicubic": Kernel(_bicubic, 2), "lanczos": Kernel(_lanczos, 3)}


def find_enlargement(evidence: Evidence) -> Evidence:
    """An enlargement: the small side is the least whose enlarged images hold this one, up to rounding.

    Enlarging an axis is a matrix; an enlarged axis lies in its range. Columns are looked at, since Pillow resizes them
    last.
    """
    if not evidence.lossless or evidence.of("noise"):
        return evidence
    place = _textured_columns(evidence)
    if place is None:
        return evidence
    side = evidence.known.shape[0]
    limit = ROUNDING * MARGIN * (1.0 if _is_gray(evidence) else LUMA)
    found = _smallest(*place, side, limit)
    if found is None:
        return evidence
    small, name = found
    factor = side / small
    interval = (side / (small + 1), side / (small - 1))
    why = f"its columns are {small} pixels, enlarged to {side} by Pillow's {name} filter"
    settings = {"factor": factor, "filter": name}
    return evidence.found(Finding("resized", settings, "exact", why, {"factor": interval}), lossless=False)


def upsampling_matrix(small: int, side: int, filter_name: str) -> "sparse.csr_matrix":
    """The matrix ``[side, small]`` of Pillow's enlargement of one axis.

    Args:
        small: Length of the axis before, in pixels.
        side: Its length afterwards.
        filter_name: One of ``KERNELS``.
    """
    kernel = KERNELS[filter_name]
    centres = (np.arange(side) + 0.5) * small / side
    first = np.maximum((centres - kernel.reach + 0.5).astype(int), 0)
    taps = first[:, None] + np.arange(2 * kernel.reach + 1)
    weights = kernel.weight(taps + 0.5 - centres[:, None])
    last = np.minimum((centres + kernel.reach + 0.5).astype(int), small)
    weights = np.where(taps < last[:, None], weights, 0)
    weights /= weights.sum(1, keepdims=True)
    rows = np.arange(side + 1) * taps.shape[1]  # where each begins
    return sparse.csr_matrix((weights.ravel(), np.minimum(taps, small - 1).ravel(), rows), shape=(side, small))


def _smallest(columns: Array, start: int, side: int, limit: float) -> tuple[int, str] | None:
    """The smallest side whose enlargements by a filter hold the columns, and the filter.

    A filter counts if the columns fit much worse one pixel below; one that fits without that is out.
    """
    rows = slice(start, start + len(columns))
    before = dict.fromkeys(KERNELS, np.inf)
    for small in range(max(ceil(side / MOST), 4), floor(side / LEAST) + 1):
        matrices = {name: upsampling_matrix(small, side, name)[rows] for name in before}
        misfits = {name: _misfit(columns, matrix, KERNELS[name].reach) for name, matrix in matrices.items()}
        fitting = {name: misfit for name, misfit in misfits.items() if misfit < limit}
        distinct = [(misfit, name) for name, misfit in fitting.items() if before[name] > DISTINCT * misfit]
        if distinct:
            return small, min(distinct)[1]
        before = {name: misfit for name, misfit in misfits.items() if name not in fitting}
    return None


def _misfit(columns: Array, matrix: "sparse.csr_matrix", reach: int) -> float:
    """The rms of what is not in the matrix's range, made up for the dimensions that the range takes."""
    used = np.unique(matrix.indices)
    if len(used) < matrix.shape[1]:
        matrix = matrix[:, used]
    side, small = matrix.shape
    if small >= side:
        return np.inf
    normal = (matrix.T @ matrix).tocsr()
    width = min(2 * reach, small - 1)
    bands = np.zeros((width + 1, small))
    for offset in range(width + 1):
        diagonal = normal.diagonal(-offset)
        bands[offset, : len(diagonal)] = diagonal
    bands[0] += 1e-9
    solved = solveh_banded(bands, matrix.T @ columns, lower=True, check_finite=False)
    rest = columns - matrix @ solved
    return float(np.sqrt((rest**2).mean() * side / (side - small)))


def _textured_columns(evidence: Evidence) -> tuple[Array, int] | None:
    """Columns ``[n, c]`` of the luma without clipped and unknown pixels that change much, and the row they start at."""
    intact = evidence.known & (evidence.pixels.min(0) > 0) & (evidence.pixels.max(0) < 255)
    height = len(intact)
    if height < SHORTEST:
        return None
    for first, last in PARTS:
        rows = slice(round(first * height), round(last * height))
        usable = np.flatnonzero(intact[rows].all(0))
        luma = evidence.luma[rows, usable]
        luma = luma[:, luma.std(0) > TEXTURE]
        if luma.shape[1] >= FEWEST:
            order = np.argsort(-np.diff(luma, axis=0).std(0))
            return luma[:, order[:COLUMNS]], rows.start
    return None


def _is_gray(evidence: Evidence) -> bool:
    return bool(np.ptp(evidence.pixels, axis=0).max() == 0)
