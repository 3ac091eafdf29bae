"""Targets without colour, which are compared without it and whose restorations have none."""

from collections.abc import Sequence

import torch
from torch import Tensor

from rsi.data.colour import luminance
from rsi.data.target import Target
from rsi.degradations.base import Degradation
from rsi.numerics.randomness import ImageRandom


class Luminance(Degradation):
    """Takes the colour away from some images of a batch.

    Args:
        gray: Whether each image is to lose its colour.
    """

    def __init__(self, gray: Sequence[bool]) -> None:
        super().__init__()
        self.register_buffer("gray", torch.tensor(list(gray)).view(-1, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """``[B, 3, H, W]``, with three equal channels where the colour is taken away."""
        return torch.where(self.get_buffer("gray"), luminance(x), x)


def compared_without_colour(operator: Degradation, targets: Sequence[Target]) -> Degradation:
    """The operator, after which images whose targets have no colour have none either."""
    gray = [target.gray for target in targets]
    return operator + Luminance(gray) if any(gray) else operator


def without_colour(images: Tensor, targets: Sequence[Target]) -> Tensor:
    """Images ``[B, 3, H, W]`` on the CPU, grey where their targets are."""
    gray = torch.tensor([target.gray for target in targets]).view(-1, 1, 1, 1)
    return torch.where(gray, luminance(images), images)
