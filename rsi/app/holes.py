"""The copies of pictures that the page shows, and the holes that are brushed on them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gradio.components.image_editor import EditorValue
from PIL import Image

SMALLEST = 512  # the longer side of what is looked at
HOLE = "#ff00ff"
"""The colour of the brush."""
SHOWN = 1024
"""The longer side, in pixels, of what travels to the page."""


def shown_copy(picture: Image.Image) -> Image.Image:
    """A picture as the page shows it."""
    scale = SHOWN / max(picture.size)
    if scale >= 1:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def enlarged(picture: Image.Image) -> Image.Image:
    """A picture that is large enough to be looked at."""
    scale = max(1, 384 // picture.width)
    return shown_copy(picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BICUBIC))


def same_pixels(before: Image.Image, after: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Two pictures as the page lays them over each other: of one size, small ones enlarged."""
    shown = shown_copy(after)
    scale = max(1, SMALLEST // max(shown.size))
    size = (shown.width * scale, shown.height * scale)
    first, second = (picture.convert("RGB").resize(size, Image.Resampling.BICUBIC) for picture in (before, shown))
    return first, second


def known_of(drawn: Mapping[str, Any] | None, size: tuple[int, int]) -> Image.Image | None:
    """Which pixels of a photograph are known: white, and black where a hole was brushed; ``None`` without a hole.

    Args:
        drawn: What Gradio's editor holds.
        size: Width and height of the upright photograph.
    """
    layers = [np.asarray(layer.getchannel("A")) for layer in (drawn or {}).get("layers") or [] if layer is not None]
    if not layers or not np.any(layers):
        return None
    known = np.where(np.any(layers, 0), 0, 255).astype(np.uint8)
    return Image.fromarray(known).resize(size, Image.Resampling.NEAREST)


def with_holes(picture: Image.Image, known: Image.Image | None) -> EditorValue:
    """What Gradio's editor is given: a copy of a photograph, and what was brushed on it before.

    Args:
        picture: The upright photograph.
        known: Black where it has holes, of its size; ``None`` if it has none.
    """
    background = shown_copy(picture)
    layer = Image.new("RGBA", background.size)
    if known is not None:
        holes = known.resize(background.size, Image.Resampling.NEAREST).point(lambda value: 255 - value)
        layer.paste(HOLE, mask=holes)
    composite = Image.alpha_composite(background.convert("RGBA"), layer)
    return EditorValue(background=background, layers=[] if known is None else [layer], composite=composite)
