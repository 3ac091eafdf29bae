"""The quality at which an image was once saved as JPEG, whatever file it is now."""

import io
from functools import cache

import numpy as np
from PIL import Image

from rsi.degradations.jpeg_blocks import BLOCK, dct_matrix
from rsi.degradations.jpeg_tables import standard_tables
from rsi.estimation.evidence import Array, Evidence, Finding, How

QUALITIES = range(1, 97)  # above, the steps are finer than the rounding of pixels
SPREADS = ((0.45, 0.1), (2.0, 0.15))  # of the distance to a multiple of the step, and the share that does not belong
VISIBLE = 3.3  # spreads; a smaller coefficient may be a rounded 0
COARSE = 4  # a step has to be so many spreads wide
MOST_BLOCKS = 1024
ENOUGH = 40.0  # of the logarithm of the likelihood's ratio
FITTING = 0.5  # of what coefficients on the lattice would give
UNIT = 16  # of 4:2:0, in pixels
NEIGHBOURS = 6  # qualities on each side
LOWER = 0.945  # the change by saving again at the right quality, as a share of that at any quality nearby
LARGEST = 512  # side in pixels of what is saved again

Grid = tuple[int, int]  # the row and column at which blocks start


def find_jpeg(evidence: Evidence) -> Evidence:
    """An earlier JPEG: its quality by the lattice of the coefficients, or by saving again where noise was before it."""
    if min(evidence.known.shape) < UNIT:
        return evidence
    found = _by_lattice(evidence)
    if found is not None:
        quality, grid = found
        how: How = "exact" if grid == (0, 0) else "guessed"
        elsewhere = f"; its blocks start at {grid[1]}, {grid[0]}" if grid != (0, 0) else ""
        return _found(evidence, quality, how, 0, f"the steps of its coefficients are that table's{elsewhere}")
    same = _by_saving_again(evidence)
    if same is None:
        return evidence
    return _found(evidence, same, "measured", 1, "saved again at this quality it changes less than at any other")


def _found(evidence: Evidence, quality: int, how: How, slack: int, why: str) -> Evidence:
    intervals = {"quality": (quality - slack, quality + slack)}
    return evidence.found(Finding("jpeg", {"quality": quality}, how, why, intervals), lossless=False)


def _by_lattice(evidence: Evidence) -> tuple[int, Grid] | None:
    """The quality whose steps the luma's coefficients are multiples of, and where the blocks start.

    Blocks with clipped pixels or holes are left out: what was clipped has left the lattice.
    """
    candidates = _candidates(evidence)
    for grid in dict.fromkeys([(0, 0), _likely_grid(evidence)]):
        coefficients = blocks_of(evidence, grid)
        for spread, stray in SPREADS:
            quality, score, share = _most_likely(coefficients, spread, stray, candidates)
            if score > ENOUGH and share > FITTING:
                return quality, grid
    return None


def _likely_grid(evidence: Evidence) -> Grid:
    """Where blocks start if they do not at the corner: where the luma jumps more than beside it."""
    down, across = (_jumps(evidence.luma, axis) for axis in (0, 1))
    return int(np.argmax(down)), int(np.argmax(across))


def _jumps(luma: Array, axis: int) -> Array:
    """How much larger differences across each of 8 possible block borders are than their neighbours, ``[8]``."""
    steps = np.abs(np.diff(luma, axis=axis))
    beside = (np.roll(steps, 1, axis) + np.roll(steps, -1, axis)) / 2
    excess = (steps - beside).mean(1 - axis)
    return np.array([np.median(excess[(offset - 1) % BLOCK :: BLOCK]) for offset in range(BLOCK)])


def blocks_of(evidence: Evidence, grid: Grid = (0, 0)) -> Array:
    """The cosine transforms ``[n, 64]`` of the luma's whole blocks without clipped pixels and holes."""
    top, left = grid
    luma = evidence.luma[top:, left:] - 128
    intact = evidence.known & (evidence.pixels.min(0) > 0) & (evidence.pixels.max(0) < 255)
    blocks, usable = to_blocks(luma), to_blocks(intact[top:, left:]).all((1, 2))
    chosen = blocks[usable]
    chosen = chosen[:: max(1, len(chosen) // MOST_BLOCKS)]
    matrix = dct_matrix().numpy()
    return np.asarray(matrix @ chosen @ matrix.T).reshape(len(chosen), BLOCK * BLOCK)


def to_blocks(plane: Array) -> Array:
    """The whole 8x8 blocks ``[n, 8, 8]`` of a plane ``[h, w]``."""
    rows, columns = (side // BLOCK for side in plane.shape)
    whole = plane[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    return whole.swapaxes(1, 2).reshape(-1, BLOCK, BLOCK)


def _candidates(evidence: Evidence) -> int:
    """How many qualities from the lowest may be those of an earlier JPEG: what a file's own JPEG is finer than."""
    own = evidence.of("jpeg")
    return len(QUALITIES) if own is None else max(int(own.shown["quality"]) - NEIGHBOURS, 1)


def _most_likely(coefficients: Array, spread: float, stray: float, candidates: int) -> tuple[int, float, float]:
    """The most likely quality, how much likelier than no lattice it is, and as a share of what a lattice would give."""
    steps = _luma_steps()
    scores, wanted = np.zeros(len(QUALITIES)), np.zeros(len(QUALITIES))
    for frequency in range(1, BLOCK * BLOCK):
        values = coefficients[:, frequency]
        values = values[np.abs(values) > VISIBLE * spread]
        if not values.size:
            continue
        for step in np.unique(steps[:, frequency]):
            if step <= COARSE * spread:
                continue
            distance = values - step * np.round(values / step)
            highest = (1 - stray) * step / (spread * np.sqrt(2 * np.pi))
            gain = np.log(highest * np.exp(-((distance / spread) ** 2) / 2) + stray)
            chosen = steps[:, frequency] == step
            scores[chosen] += gain.sum()
            wanted[chosen] += values.size * (np.log(highest) - 0.5)
    best = int(np.argmax(scores[:candidates]))
    share = scores[best] / wanted[best] if wanted[best] > ENOUGH else 0.0
    return QUALITIES[best], float(scores[best]), float(share)


@cache
def _luma_steps() -> Array:
    """The luma's steps at every quality, ``[qualities, 64]``."""
    return np.stack([standard_tables(quality)[0].flatten().numpy() for quality in QUALITIES])


def _by_saving_again(evidence: Evidence) -> int | None:
    """The quality at which saving again changes the picture less than at qualities nearby.

    Decoding and coding again at the same quality finds the same coefficients again but where pixels were clipped.
    Units of blocks with holes are left out.
    """
    height, width = (min(side // UNIT * UNIT, LARGEST) for side in evidence.known.shape)
    pixels = evidence.pixels[:, :height, :width]
    whole = evidence.known[:height, :width].reshape(height // UNIT, UNIT, width // UNIT, UNIT).all((1, 3))
    if not whole.any():
        return None
    weight = whole.repeat(UNIT, 0).repeat(UNIT, 1)
    picture = Image.fromarray(np.round(pixels).astype(np.uint8).transpose(1, 2, 0))
    changes = np.array([_change(picture, pixels, weight, quality) for quality in QUALITIES])
    best, least = None, LOWER
    for index in range(min(len(QUALITIES) - NEIGHBOURS, _candidates(evidence))):
        nearby = np.delete(changes[max(index - NEIGHBOURS, 0) : index + NEIGHBOURS + 1], min(index, NEIGHBOURS))
        ratio = changes[index] / max(nearby.min(), 1e-9)
        if ratio < least:
            best, least = QUALITIES[index], ratio
    return best


def _change(picture: Image.Image, pixels: Array, weight: Array, quality: int) -> float:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    again = np.asarray(Image.open(file), float).transpose(2, 0, 1)
    return float(np.sqrt(((again - pixels) ** 2)[:, weight].mean()))
