"""How far methods differ from the first one, image by image."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, stdev

from rsi.benchmark.measurement import Measurement
from rsi.benchmark.measures import OF_IMAGES


@dataclass(frozen=True)
class Differences:
    """What the measures of a method's images are above those of the first method's, on one task.

    Attributes:
        method: The method's name.
        task: The task's id.
        images: How many images both could restore.
        means: The mean difference in each measure of ``OF_IMAGES``.
        errors: The standard errors of these means; a mean of less than two of them can be chance.
    """

    method: str
    task: str
    images: int
    means: tuple[float, ...]
    errors: tuple[float, ...]


def differences(measurements: Sequence[Measurement]) -> list[Differences]:
    """The differences to the first of the methods, wherever two images or more can be compared."""
    first = {found.task: found for found in measurements if found.method == measurements[0].method}
    return [
        _differences(first[other.task], other, stems)
        for other in measurements
        if other.task in first and other is not first[other.task]
        if len(stems := _stems(first[other.task]) & _stems(other)) > 1
    ]


def _stems(found: Measurement) -> set[str]:
    return {scores.stem for scores in found.images}


def _differences(first: Measurement, other: Measurement, stems: set[str]) -> Differences:
    ours = {scores.stem: scores for scores in first.images}
    pairs = [(ours[theirs.stem], theirs) for theirs in other.images if theirs.stem in stems]
    apart = [[theirs.value(name) - own.value(name) for own, theirs in pairs] for name in OF_IMAGES]
    means, errors = map(fmean, apart), (stdev(values) / sqrt(len(pairs)) for values in apart)
    return Differences(other.method, other.task, len(pairs), tuple(means), tuple(errors))
