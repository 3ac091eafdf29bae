"""The networks that judge restorations: where there are others, not those that methods minimise."""

from dataclasses import dataclass

from torch import nn

from rsi.benchmark.patch_fid import find_inception, load_features
from rsi.perceptual import EmbeddedDistance, JudgeDistance, PerceptualDistance, load_perceptual


@dataclass(frozen=True)
class Judges:
    """The networks of accuracy and realism.

    Attributes:
        distance: Measures the accuracy.
        distance_name: What tables call it.
        features: Those that pFID compares crops by.
        features_name: What tables call them.
    """

    distance: PerceptualDistance
    distance_name: str
    features: nn.Module
    features_name: str


def choose_judges(perceptual: str, inception: str | None = None) -> Judges:
    """The judges of methods that minimise a perceptual distance.

    Of drawings, for methods with the embedded network's distance, it is the judge, which none of them knows. Else it is
    the distance itself and Inception, as in the paper (RSI, section 5), or the judge's features where there is no
    Inception.

    Args:
        perceptual: The distance of the methods, as of :func:`rsi.perceptual.load_perceptual`.
        inception: As of :func:`rsi.benchmark.patch_fid.find_inception`; where it is given, it judges drawings, too.

    Raises:
        InputError: The weights of a network cannot be had.
    """
    distance = load_perceptual(perceptual)
    draws = isinstance(distance, EmbeddedDistance)
    weights = None if draws and inception is None else find_inception(inception)
    return Judges(
        distance=JudgeDistance() if draws else distance,
        distance_name="the judge of drawings, which no method minimises" if draws else perceptual,
        features=load_features(weights),
        features_name="the judge's 96 features" if weights is None else "Inception's 2048 features",
    )
