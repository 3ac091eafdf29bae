"""The frame of an old print: borders of one colour, equally wide on all four sides."""

import numpy as np

from rsi.estimation.evidence import Array, Evidence, Finding

ONE_COLOUR = 10  # grey levels between pixels of a border
NARROWEST, WIDEST = 0.01, 0.25  # of the shorter side
EQUAL = 0.3  # of the width


def find_frame(evidence: Evidence) -> Evidence:
    """A frame, which is asked about: it is to be cut off, or masked."""
    widths = [_border(np.rot90(evidence.pixels, turns, (1, 2))) for turns in range(4)]
    shorter = min(evidence.known.shape)
    narrow, wide = min(widths), max(widths)
    if not NARROWEST * shorter <= narrow <= wide <= WIDEST * shorter or wide - narrow > EQUAL * wide + 1:
        return evidence
    why = f"a frame of {narrow} to {wide} pixels of one colour: cut it off, or mask it with --mask_dir"
    return evidence.found(Finding("inpaint", {}, "guessed", why))


def _border(pixels: Array) -> int:
    """How many rows from the top have the colour of the first."""
    colour = np.median(pixels[:, 0], axis=1)[:, None]
    differs = np.abs(pixels - colour[:, None]).max((0, 2)) > ONE_COLOUR
    return int(np.argmax(differs)) if differs.any() else 0
