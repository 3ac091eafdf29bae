"""Small pictures that were enlarged again."""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from rsi.degradations.base import Degradation
from rsi.degradations.downsampling import FILTERS
from rsi.degradations.jpeg import check_not_saved
from rsi.degradations.pillow import BY_NAME, resizing_matrix, through_pillow
from rsi.errors import InputError
from rsi.numerics.per_image import one_by_one
from rsi.numerics.randomness import ImageRandom

Filter = Literal["bilinear", "bicubic", "lanczos"]


class Resized(Degradation):
    """Images made smaller and enlarged again to the side they had.

    The true operator is Pillow's: made smaller with a filter drawn uniformly from bilinear, bicubic and Lanczos, stored
    with 8 bits, and enlarged with the filter given. The approximation is ``M x M'`` with Pillow's own weights, those of
    bicubic on the way down, unclamped. The small side is ``round(side / factor)``.

    Args:
        factor: How many times smaller the image was in between, any number above 1.
        filter: What enlarged it: ``bilinear``, ``bicubic`` or ``lanczos``.

    Raises:
        InputError: A setting is out of its range.
    """

    def __init__(self, factor: float, filter: Filter = "bicubic") -> None:  # noqa: A002 - the setting's name
        super().__init__()
        if not (factor > 1 and math.isfinite(factor)):
            raise InputError(f"resized:factor={factor}: give a number above 1, such as 2.67")
        if filter not in BY_NAME:
            raise InputError(f"resized:filter={filter}: give one of {', '.join(BY_NAME)}")
        self.shrunk = float(factor)
        self.filter = filter
        self._matrices: dict[int, Tensor] = {}

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Smoothed images, ``[B, 3, H, W]``."""
        return one_by_one(self._resize, x, side=max(x.shape[-2:]))

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """What Pillow makes of them by way of a small picture, ``[B, 3, H, W]``, 8 bits in [0, 1]."""
        height, width = x.shape[-2:]
        small = (small_side(width, self.shrunk), small_side(height, self.shrunk))
        down, up = [FILTERS[choice] for choice in random.choice(len(FILTERS))], BY_NAME[self.filter]
        return through_pillow(x, lambda index, picture: picture.resize(small, down[index]).resize((width, height), up))

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that it does not follow itself.

        Raises:
            InputError: It does.
        """
        check_not_saved("resized", earlier)
        if earlier and isinstance(earlier[-1], Resized):
            raise InputError("resized after resized: the larger factor alone decides what is left, write that one")

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - the same for all
        """Factor and filter."""
        return {"resized_factor": self.shrunk, "resized_filter": self.filter}

    def _resize(self, x: Tensor) -> Tensor:
        rows, columns = (self._matrix(side).to(x) for side in x.shape[-2:])
        return rows @ x @ columns.mT

    def _matrix(self, side: int) -> Tensor:
        """Kept as long as the operator: every step needs it, and the next file has another factor."""
        if side not in self._matrices:
            self._matrices[side] = smoothing_matrix(side, self.shrunk, BY_NAME[self.filter])
        return self._matrices[side]


def small_side(side: int, factor: float) -> int:
    """The side of the small picture, at least 1."""
    return max(round(side / factor), 1)


def smoothing_matrix(side: int, factor: float, enlarging: Image.Resampling) -> Tensor:
    """What multiplies an axis that Pillow's bicubic filter makes smaller and another enlarges again, ``[side, side]``.

    Args:
        side: Its length in pixels.
        factor: How many times shorter it is in between.
        enlarging: The filter that enlarges it.
    """
    small = small_side(side, factor)
    return resizing_matrix(small, side, enlarging) @ resizing_matrix(side, small, Image.Resampling.BICUBIC)
