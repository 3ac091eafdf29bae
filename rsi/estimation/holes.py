"""Regions that are missing: pixels of exactly black or white in large pieces."""

import numpy as np
from scipy import ndimage

from rsi.estimation.evidence import Array, Evidence, Finding, How

SIDES = range(3, 8)
CHANCE = 0.05  # how many squares of a region's side may arise from single pixels that were lost
STEEP = 0.8  # a hole's rim is as bright as the picture behind it; a drawn edge is softer
LEAST = 0.005  # share of the picture; dark details of photographs break off, too
ENOUGH = 12  # pixels of a rim
FAR = 3  # pixels from a piece, where the picture is compared with what is next to it
VISIBLE = 6  # grey levels between a hole and what is behind its rim


def find_holes(evidence: Evidence) -> Evidence:
    """Black or white regions, which are holes where the picture breaks off at their rim.

    A region is the pixels of exactly one extreme colour that hang together and hold a square that single lost pixels
    would hardly fill. Where the rim is softer, it is a dark or bright part of the picture, or a plain background.
    """
    for extreme, colour in ((255, "white"), (0, "black")):
        region = _large_regions((evidence.pixels == extreme).all(0) & evidence.known)
        holes = _holes_among(region, evidence, extreme)
        if holes.any():
            evidence = _without(evidence, holes, colour)
    return evidence


def _without(evidence: Evidence, holes: Array, colour: str) -> Evidence:
    why = f"{holes.mean():.1%} of it is {colour} and breaks off; --mask_color {colour} says so"
    is_sure = colour == "black" and holes.mean() > LEAST
    how: How = "measured" if is_sure else "guessed"
    finding = Finding("inpaint", {}, how, why, shown={"share": float(holes.mean())})
    return evidence.found(finding, known=evidence.known & ~holes)


def _large_regions(extreme: Array) -> Array:
    """The pieces ``[h, w]`` of some pixels that hold a square too large for pixels that were lost one by one."""
    large = np.zeros_like(extreme)
    for _ in range(2):  # the second time large pieces do not count among the lost pixels
        rest = extreme & ~large
        share = rest.sum() / max((~large).sum(), 1)
        side = next((s for s in SIDES if extreme.size * share ** (s * s) < CHANCE), SIDES[-1])
        core = ndimage.binary_erosion(extreme, np.ones((side, side)))
        large = ndimage.binary_opening(extreme, np.ones((side, side))) if core.any() else np.zeros_like(extreme)
    return large


def _holes_among(region: Array, evidence: Evidence, extreme: int) -> Array:
    """The pieces ``[h, w]`` of a region that are holes."""
    labels, _ = ndimage.label(region)
    holes, luma, outside = np.zeros_like(region), evidence.luma, evidence.known & ~region
    for number, box in enumerate(ndimage.find_objects(labels), 1):
        around = tuple(slice(max(0, side.start - FAR), side.stop + FAR) for side in box)
        piece = labels[around] == number
        if _breaks_off(luma[around], piece, outside[around], extreme):
            holes[around] |= piece
    return holes


def _breaks_off(luma: Array, piece: Array, outside: Array, extreme: int) -> bool:
    """Whether the picture next to a piece is as far from its colour as two pixels further away."""
    distance = ndimage.distance_transform_cdt(~piece, "chessboard")
    near, far = (np.abs(luma - extreme)[(distance == d) & outside] for d in (1, FAR))
    if min(near.size, far.size) < ENOUGH:
        return False
    return bool(near.mean() > STEEP * far.mean() and far.mean() > VISIBLE)
