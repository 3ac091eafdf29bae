"""The multi-resolution loss between a degraded prediction and the target."""

from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from rsi.methods.checks import check_word
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import PerceptualDistance


@dataclass(frozen=True)
class LossVariant:
    """Where the paper and the authors' program differ.

    Attributes:
        pool_first: The first level is half as large as the target.
        above: Levels have more pixels a side than this.
        max_levels: There are no more levels than this.
        l1_at_last_level: The L1 term is taken at the last level, not at half its size.
        fill_mean: Mean of the noise that fills unknown pixels, for images in [0, 1].
        fill_std: Standard deviation of that noise.
        as_recommended: The perceptual distance says how colours are compared after pooling, in place of its own
            comparison pixel by pixel, and how strongly codes are held to those that the mapping makes; see
            :class:`rsi.perceptual.colours.PooledColours` and :class:`rsi.methods.code_prior.CodePrior`.
    """

    pool_first: bool
    above: int
    max_levels: int
    l1_at_last_level: bool
    fill_mean: float
    fill_std: float
    as_recommended: bool = False


PROGRAM = LossVariant(pool_first=False, above=16, max_levels=6, l1_at_last_level=False, fill_mean=0.25, fill_std=0.5)
VARIANTS = {
    "pooled": replace(PROGRAM, as_recommended=True),
    "program": PROGRAM,
    "paper": LossVariant(pool_first=True, above=15, max_levels=6, l1_at_last_level=True, fill_mean=0.5, fill_std=1.0),
    "single": replace(PROGRAM, max_levels=1, l1_at_last_level=True, as_recommended=True),
}
LossName = Literal["pooled", "program", "paper", "single"]


@dataclass(frozen=True)
class TargetPyramid:
    """A batch of targets as the loss needs them.

    Attributes:
        levels: The targets at the sides that are compared perceptually, each ``[B, 3, h, w]``.
        smallest: The targets at the side of the L1 term.
        references: What the levels are to be compared with perceptually, kept where every pixel is known.
        known: The share of known pixels at the levels' sides, each ``[B, 1, h, w]``, kept where some are not.
    """

    levels: list[Tensor]
    smallest: Tensor
    references: list[list[Tensor]]
    known: list[Tensor]


def term_names(level: Tensor) -> tuple[str, str]:
    """What the two terms of a level ``[B, 3, h, w]`` are called: the perceptual distance and that of colours."""
    side = min(level.shape[-2:])
    return f"perceptual_{side}", f"colour_{side}"


class MultiresolutionLoss(nn.Module):
    """A perceptual distance at several sizes plus 0.1 times the L1 distance at the smallest (RSI, equation 9).

    Levels are halved by average pooling. ``program``, the authors' released program and the published numbers: from the
    target's own size, at most 6 levels, none at 16 px or below, L1 at the size below the last. ``pooled``: the same,
    but colours are compared after pooling, if the distance compares them at all, which LPIPS does not. ``paper``
    (equation 9): from half the target's size, at most 6 levels, down to 16 px, L1 at the last. ``single``, an ablation
    of ``pooled``: both terms at the target's own size alone, L1 alone at 16 px or below.
    Unknown pixels of prediction and target, which have to be 0, get the same fresh noise at every level and step.

    Args:
        perceptual: The perceptual distance.
        variant: ``pooled``, ``program``, ``paper`` or ``single``.

    Attributes:
        colours: How pooled colours are compared, if they are. A prediction whose degradation is random is then wanted
            twice.

    Raises:
        InputError: There is no such variant.
    """

    l1_weight = 0.1

    def __init__(self, perceptual: PerceptualDistance, variant: LossName = "pooled") -> None:
        super().__init__()
        self.perceptual = perceptual
        check_word("the loss", "variant", variant, VARIANTS)
        self.variant = VARIANTS[variant]
        self.colours = perceptual.pooled_colours if self.variant.as_recommended else None

    def prepare(self, target: Tensor, known: Tensor) -> TargetPyramid:
        """Everything that stays the same from step to step.

        Args:
            target: Degraded images, ``[B, 3, H, W]`` in [0, 1].
            known: ``[B, 1, H, W]``, 1 where the target carries information.
        """
        levels, smallest = self._pyramid(target * known)
        if not bool((known == 1).all()):
            return TargetPyramid(levels, smallest, [], self._pyramid(known)[0])
        return TargetPyramid(levels, smallest, [self.perceptual.reference(level) for level in levels], [])

    def forward(
        self,
        prediction: Tensor,
        target: TargetPyramid,
        random: ImageRandom,
        again: Tensor | None = None,
        *,
        top_level: bool = True,
    ) -> dict[str, Tensor]:
        """The terms of the loss of each image.

        Args:
            prediction: Degraded predictions, ``[B, 3, H, W]``, 0 where the target is unknown.
            target: What :meth:`prepare` made of the targets.
            random: Where the noise that fills unknown pixels comes from.
            again: The same predictions degraded with other random numbers; left out where the degradation has none.
            top_level: Compute the largest level, too; an only one is computed in any case.

        Returns:
            Per level ``perceptual_SIDE`` and, where pooled colours are compared, ``colour_SIDE``, by the shorter side
            in pixels; ``l1``, unweighted; and their sum ``total``, in which ``l1`` counts for a tenth; each ``[B]``.
        """
        levels, smallest = self._pyramid(prediction)
        first = 0 if top_level or len(levels) < 2 else 1
        terms = {}
        for index, level in enumerate(levels[first:], first):
            terms[term_names(level)[0]] = self._distance(level, target, index, random)
        if self.colours is not None:
            others = levels if again is None else self._pyramid(again)[0]
            for level, other, wanted in zip(levels[first:], others[first:], target.levels[first:], strict=True):
                terms[term_names(level)[1]] = self.colours(level, other, wanted)
        l1 = (smallest - target.smallest).abs().mean((1, 2, 3))
        return {**terms, "l1": l1, "total": sum(terms.values(), self.l1_weight * l1)}

    def _distance(self, level: Tensor, target: TargetPyramid, index: int, random: ImageRandom) -> Tensor:
        features_alone = self.colours is not None
        if target.references:
            return self.perceptual.compare(level, target.references[index], features_alone=features_alone)
        noise = self.variant.fill_mean + self.variant.fill_std * random.normal(level.shape[1:])
        fill = (1 - target.known[index]) * noise
        reference = self.perceptual.reference(target.levels[index] + fill)
        return self.perceptual.compare(level + fill, reference, features_alone=features_alone)

    def _pyramid(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """The images at the sides that are compared perceptually, and at the side of the L1 term."""
        levels: list[Tensor] = []
        if self.variant.pool_first:
            images = F.avg_pool2d(images, 2)
        while len(levels) < self.variant.max_levels and min(images.shape[-2:]) > self.variant.above:
            levels.append(images)
            images = F.avg_pool2d(images, 2)
        return levels, levels[-1] if levels and self.variant.l1_at_last_level else images
