"""What every perceptual distance offers."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from rsi.numerics.per_image import gradient_at_once, one_by_one
from rsi.perceptual.colours import PooledColours, squared_difference
from rsi.perceptual.unit_distance import Weights, unit_distances, unit_vectors

SMALLEST_SIDE = 16
LARGE_SIDE = 512  # of images whose maps are large enough to be worth freeing at once


class PerceptualDistance(nn.Module):
    """A distance between images that follows what people see: squared distances between unit vectors of features.

    A subclass gives :meth:`features`, :meth:`weights` and :meth:`distance`. The reference of an image that does not
    change is computed once and kept.

    Attributes:
        epsilon: Added to the squared length of a vector of features when it is normalised.
        rgb_weight: The weight of the squared difference of the images themselves, which is added.
        pooled_colours: What a loss had better compare in its place, if anything.
        prior_weight: How much a loss had better make of :class:`rsi.methods.code_prior.CodePrior`.
    """

    epsilon: float
    rgb_weight: float = 0.0
    pooled_colours: PooledColours | None = None
    prior_weight: float = 0.0

    def features(self, images: Tensor) -> list[Tensor]:
        """Feature maps, each ``[B, C, h, w]``, of RGB images ``[B, 3, H, W]``, nominally in [0, 1]."""
        raise NotImplementedError

    def each_stage(self, images: Tensor) -> Iterable[Tensor]:
        """The same maps; best one after another as they are computed, which lets gradients follow in that order."""
        return self.features(images)

    def weights(self) -> Weights:
        """The weights of the channels of each feature map, ``[C]``; ``None`` if all count the same."""
        raise NotImplementedError

    def distance(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        """The distance of features to those that ``reference`` was made of, ``[B]``."""
        raise NotImplementedError

    def compare(self, images: Tensor, reference: Sequence[Tensor], *, features_alone: bool = False) -> Tensor:
        """The distance of each image, ``[B, 3, H, W]``, to those that ``reference`` was made of, ``[B]``.

        The gradient of large images is computed right away, so that their maps are freed: 0.5 GB less at 1024 px.

        Args:
            images: RGB images, nominally in [0, 1].
            reference: What :meth:`reference` made of the others.
            features_alone: The difference of the images themselves is left out.
        """
        rgb_weight = 0.0 if features_alone else self.rgb_weight
        if max(images.shape[-2:]) < LARGE_SIDE:
            return self._compare(images, reference, rgb_weight)
        return gradient_at_once(lambda x: {"total": self._compare(x, reference, rgb_weight)}, images)["total"]

    @torch.no_grad()
    def reference(self, images: Tensor) -> list[Tensor]:
        """What images ``[B, 3, H, W]`` are to be compared with.

        Themselves, their normalised features and, ``[B, stages]``, the energies of these.
        """
        return one_by_one(self._reference, images, side=max(images.shape[-2:]))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """The distance of each image of ``x`` to that of ``y``, ``[B]``, 0 up to rounding for equal images.

        Pixels of images smaller than 16 px, the least that five stages of halving can take, are repeated.
        """
        scale = -(-SMALLEST_SIDE // min(x.shape[-2:]))
        return self.compare(_repeat(x, scale), self.reference(_repeat(y, scale)))

    def stage_distances(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        """The distance of features to those of ``reference`` at each stage, ``[stages, B]``.

        Those of large images are compared stage by stage, so that the gradient of a stage's map is not there before it
        is needed.
        """
        images, *units, energies = reference
        if max(images.shape[-2:]) < LARGE_SIDE:
            return unit_distances([*features], units, energies.t(), self.weights(), self.epsilon)
        weights: Sequence[Tensor | None] = self.weights() or [None] * len(units)
        stages = zip(features, units, torch.split(energies.t(), 1), weights, strict=True)
        return torch.cat(
            [unit_distances([x], [u], e, None if w is None else [w], self.epsilon) for x, u, e, w in stages]
        )

    def _compare(self, images: Tensor, reference: Sequence[Tensor], rgb_weight: float) -> Tensor:
        def distance(x: Tensor, *own: Tensor) -> Tensor:
            apart = self.distance(self.each_stage(x), own)
            return apart + rgb_weight * squared_difference(x, own[0]) if rgb_weight else apart

        return one_by_one(distance, images, *reference, side=max(images.shape[-2:]))

    def _reference(self, images: Tensor) -> list[Tensor]:
        units, energies = unit_vectors(self.features(images), self.weights(), self.epsilon)
        return [images, *units, energies.t()]


def _repeat(images: Tensor, scale: int) -> Tensor:
    return images.repeat_interleave(scale, -1).repeat_interleave(scale, -2) if scale > 1 else images
