"""The fidelity map in colours."""

import matplotlib as mpl
import numpy as np
from PIL import Image

COLORS = "inferno"


def colored(fidelity_map: Image.Image) -> Image.Image:
    """Colours for a map of absolute differences, on a square-root scale from 0 to 1 that is the same for all images.

    Args:
        fidelity_map: Grey and alpha, ``LA``, 8 bits: 255 is a difference of 1, alpha 0 where nothing was known.
    """
    difference, known = fidelity_map.convert("LA").split()
    pixels = mpl.colormaps[COLORS](np.sqrt(np.asarray(difference) / 255), bytes=True)
    picture = Image.fromarray(pixels[..., :3])
    picture.putalpha(known)
    return picture
