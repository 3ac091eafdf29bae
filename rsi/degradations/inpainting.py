"""Missing regions: the degradation that inpainting undoes."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor
from torch.nn import functional as F

from rsi.data.target import Target
from rsi.degradations.base import Degradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

STROKE_WIDTH = 0.08  # of the image's shorter side


class Inpainting(Degradation):
    """Black regions of known place (RSI, Poirier-Ginter & Lalonde 2023).

    True operator and approximation are the same, ``x * known``.

    Args:
        known: ``[B, 1, h, w]`` or, for all images, ``[1, 1, h, w]``, 1 where a pixel is kept and 0 where it
            is lost; left out, read from the targets. It is resized to other images by nearest neighbour.
    """

    known: Tensor | None

    def __init__(self, known: Tensor | None = None) -> None:
        super().__init__()
        self.register_buffer("known", known, persistent=False)

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """The images, ``[B, 3, H, W]``, 0 where they are lost.

        Raises:
            InputError: There is no mask.
        """
        if self.known is None:
            raise InputError("inpaint has no mask yet: give one or bind it to targets that have one")
        known = self.known.to(x)
        if known.shape[-2:] != x.shape[-2:]:
            known = F.interpolate(known, size=x.shape[-2:], mode="nearest-exact")
        return x * known

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Inpainting":  # noqa: ARG002 - fits any
        """The operator with the masks of the targets, or this one if it has a mask.

        Raises:
            InputError: A target is known all over.
        """
        if self.known is not None:
            return self
        for target in targets:
            _check_hole(target)
        return Inpainting(torch.stack([target.known for target in targets]))


def _check_hole(target: Target) -> None:
    left, top, width, height = target.frame
    if target.known[:, top : top + height, left : left + width].all():
        raise InputError(
            f"{target.name!r} has no hole to inpaint: give the file an alpha channel that is transparent "
            "there, or say where holes are with --mask_dir or --mask_color"
        )


def draw_strokes(random: ImageRandom, size: Size, strokes: int) -> Tensor:
    """Masks of random straight strokes across the image (RSI, Poirier-Ginter & Lalonde 2023).

    A stroke is 0.08 of the image's shorter side wide, with round ends. It joins a random point of an outer third to
    one of the opposite outer third: left and right or top and bottom, with the same probability. Points are
    uniform in their third.

    Args:
        random: The random numbers of the images.
        size: The size of the images.
        strokes: How many strokes each image gets.

    Returns:
        ``[B, 1, H, W]``, 1 where a pixel is kept and 0 on the strokes.
    """
    numbers = random.uniform((strokes, 5)).tolist()
    return torch.stack([_draw_mask(size, lines) for lines in numbers])


def _draw_mask(size: Size, lines: list[list[float]]) -> Tensor:
    picture = Image.new("L", (size.width, size.height), 1)
    draw = ImageDraw.Draw(picture)
    for direction, near, along_near, far, along_far in lines:
        is_upright = direction < 0.5
        length, breadth = size if is_upright else size.turned
        ends = [(length * near / 3, breadth * along_near), ((2 * length + length * far) / 3, breadth * along_far)]
        _draw_stroke(draw, [end[::-1] for end in ends] if is_upright else ends, STROKE_WIDTH * min(size))
    return torch.from_numpy(np.array(picture)).float()[None]


def _draw_stroke(draw: ImageDraw.ImageDraw, ends: list[tuple[float, float]], width: float) -> None:
    draw.line(ends, fill=0, width=round(width))
    for x, y in ends:
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=0)
