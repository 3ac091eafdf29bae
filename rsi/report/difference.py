"""The fidelity map in colours."""

import numpy as np
from PIL import Image, ImageColor

COLORS = ("#000004", "#420a68", "#932667", "#dd513a", "#fca50a", "#fcffa4")
"""Matplotlib's inferno at equal distances, straight lines between them; the scale of the page has the same."""


def colored(fidelity_map: Image.Image) -> Image.Image:
    """Colours for a map of absolute differences, on a square-root scale from 0 to 1 that is the same for all images.

    Args:
        fidelity_map: Grey and alpha, ``LA``, 8 bits: 255 is a difference of 1, alpha 0 where nothing was known.
    """
    difference, known = fidelity_map.convert("LA").split()
    shares = np.sqrt(np.arange(256) / 255) * (len(COLORS) - 1)
    channels = np.array([ImageColor.getrgb(color) for color in COLORS]).T
    table = np.stack([np.interp(shares, range(len(COLORS)), channel) for channel in channels], axis=-1)
    picture = Image.fromarray(table.round().astype(np.uint8)[np.asarray(difference)])
    picture.putalpha(known)
    return picture
