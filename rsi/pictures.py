"""Tensors as pictures that a person looks at."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

CAPTION_HEIGHT = 16
GAP = 4


def to_picture(image: Tensor) -> Image.Image:
    """An 8-bit RGB picture of an image ``[3, H, W]`` in [0, 1]; values outside are clamped."""
    pixels = (image.detach().float().clamp(0, 1) * 255).round().byte().cpu()
    return Image.fromarray(np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def side_by_side(images: Sequence[Tensor], captions: Sequence[str], side: int) -> Image.Image:
    """Images ``[3, h, w]`` in [0, 1], each enlarged to ``side`` pixels without smoothing, in a row with captions."""
    sheet = Image.new("RGB", ((side + GAP) * len(images) - GAP, side + CAPTION_HEIGHT), "white")
    draw = ImageDraw.Draw(sheet)
    for index, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left = index * (side + GAP)
        sheet.paste(to_picture(image).resize((side, side), Image.Resampling.NEAREST), (left, CAPTION_HEIGHT))
        draw.text((left + 2, 2), caption, fill="black", font=ImageFont.load_default(11))
    return sheet
