"""Low resolution by one known filter: the two upsampling tasks of the comparison with DDRM."""

import torch
from PIL import Image
from torch import Tensor

from rsi.degradations.base import quantise
from rsi.degradations.downsampling import Downsampling
from rsi.degradations.through_pillow import through_pillow
from rsi.numerics.randomness import ImageRandom


class AveragePooling(Downsampling):
    """Images made smaller by average pooling; the approximation is exact but for the 8 bits (RSI, table 3).

    Args:
        factor: As of :class:`Downsampling`.
    """

    spec_name = "average_pooling"

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Average pooling, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1]."""
        return quantise(self(x, random))


class NearestNeighbour(Downsampling):
    """Images made smaller by leaving out pixels; the approximation is average pooling, inexact (RSI, table 3).

    Args:
        factor: As of :class:`Downsampling`.
    """

    spec_name = "nearest"

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Pillow's nearest neighbour, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1]."""
        self._check(x)
        size = (x.shape[-1] // self._known_factor, x.shape[-2] // self._known_factor)
        return through_pillow(x, lambda _, picture: picture.resize(size, Image.Resampling.NEAREST))
