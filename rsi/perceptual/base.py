"""What every perceptual distance offers."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

SMALLEST_SIDE = 16


class PerceptualDistance(nn.Module):
    """A distance between images that follows what people see, as a squared distance between features.

    A subclass gives :meth:`features`. Features of an image that does not change are computed once and kept.
    """

    def features(self, images: Tensor) -> list[Tensor]:
        """Feature maps, each ``[B, C, h, w]``, already weighted.

        Args:
            images: RGB, ``[B, 3, H, W]``, nominally in [0, 1].
        """
        raise NotImplementedError

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The distance of each image of ``x`` to that of ``y``, ``[B]``, 0 for equal images.

        Pixels of images smaller than 16 px, the least that five stages of halving can take, are repeated.
        """
        scale = -(-SMALLEST_SIDE // min(x.shape[-2:]))
        return feature_distance(self.features(_repeat(x, scale)), self.features(_repeat(y, scale)))


def feature_distance(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """Squared differences summed over channels and maps and averaged over positions, ``[B]``."""
    maps = [(p - q).square().sum(1).mean((1, 2)) for p, q in zip(a, b, strict=True)]
    return torch.stack(maps).sum(0)


def _repeat(images: Tensor, scale: int) -> Tensor:
    return images.repeat_interleave(scale, -1).repeat_interleave(scale, -2) if scale > 1 else images


def normalise(features: Tensor, epsilon: float) -> Tensor:
    """Every position's channel vector scaled to length 1; ``epsilon`` under the root keeps gradients finite."""
    return features * (features.square().sum(1, keepdim=True) + epsilon).rsqrt()
