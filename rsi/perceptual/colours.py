"""How far the colours of images are apart."""

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F


def squared_difference(images: Tensor, reference: Tensor) -> Tensor:
    """The squared difference of images ``[B, 3, H, W]``, summed over colours and averaged over pixels, ``[B]``."""
    return (images - reference).square().mean((1, 2, 3)) * images.shape[1]


@dataclass(frozen=True)
class PooledColours:
    """A squared difference of colours that noise does not bias.

    Colours are compared after average pooling, which leaves little of noise. What it leaves would still make dark
    images cheap, as their noise is weaker. Two draws of the noise take its place: the mean of ``(first - reference)
    (second - reference)`` is the squared difference of the means.

    Attributes:
        side: Of the squares that are averaged, in pixels.
        weight: What the difference is multiplied by.

    Raises:
        ValueError: The side is less than a pixel, or the weight no number of at least 0.
    """

    side: int
    weight: float

    def __post_init__(self) -> None:
        if self.side < 1:
            raise ValueError(f"colour_side {self.side} is less than a pixel")
        if not 0 <= self.weight < math.inf:
            raise ValueError(f"colour_weight {self.weight} is no number of at least 0")

    def __call__(self, first: Tensor, second: Tensor, reference: Tensor) -> Tensor:
        """The weighted difference of each image, ``[B]``; below 0 where the two draws err to different sides.

        Args:
            first: Degraded predictions, ``[B, 3, H, W]`` in [0, 1].
            second: The same predictions, degraded with other random numbers; ``first`` itself where there are none.
            reference: The targets, ``[B, 3, H, W]`` in [0, 1].
        """
        side = min(self.side, *first.shape[-2:])
        error = F.avg_pool2d(first - reference, side)
        other = error if second is first else F.avg_pool2d(second - reference, side)
        return self.weight * (error * other).sum(1).mean((1, 2))
