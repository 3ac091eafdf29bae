"""How long a restoration still takes, from the steps that were measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic

from rsi.callbacks.base import Stage, stage_of

DOUBT = 5  # steps of a stage that count as much as what other stages let expect


class TimeLeft:
    """The time that the image in progress and the folder still take.

    A step takes as long as the measured ones of its stage. While these are few, those of other stages count as well,
    scaled by what the stages cost. How much longer the first step of a stage takes, with all that is done before it, is
    measured on its own.

    Args:
        schedule: The stages of every batch.
    """

    def __init__(self, schedule: Sequence[Stage]) -> None:
        self._schedule = schedule
        self._steps, self._beginnings = ([_Measured() for _ in schedule] for _ in range(2))
        self._images = 1  # of the batch in progress
        self._last: float | None = None

    def step_taken(self, index: int, images: int) -> None:
        """Measure a step.

        Args:
            index: Its number, from 0 for every batch.
            images: How many images have taken it.
        """
        stage, first, _ = stage_of(self._schedule, index)
        number, now = next(n for n, own in enumerate(self._schedule) if own is stage), monotonic()
        if self._last is not None and index != first:
            self._steps[number].add(now - self._last, images)
        elif self._last is not None:
            self._beginnings[number].add(now - self._last - self._pace(number) * images, images)
        self._last, self._images = now, images

    @property
    def is_known(self) -> bool:
        """Enough was measured to tell anything."""
        return any(measured.count for measured in self._steps)

    def of_batch(self, index: int) -> float:
        """Seconds that the batch in progress takes after a step."""
        return self._images * self._an_image(index)

    def of_folder(self, index: int, others: int) -> float:
        """Seconds that the batch in progress takes after a step, and ``others``, so many images, after it."""
        return self.of_batch(index) + others * self.of_others

    @property
    def of_others(self) -> float:
        """Seconds that each of the other images takes."""
        return self._an_image(-1)

    def _an_image(self, index: int) -> float:
        """Seconds that an image takes after a step; its share, if there are several in its batch."""
        seconds, first = self._beginnings[0].mean, 0  # what is done between two batches, once for each
        for number, stage in enumerate(self._schedule):
            begins = 0 < first > index
            first += stage.steps
            seconds += min(max(first - index - 1, 0), stage.steps) * self._pace(number)
            seconds += self._beginnings[number].mean if begins else 0
        return seconds

    def _pace(self, number: int) -> float:
        """Seconds of a step of an image."""
        costs = [stage.cost for stage in self._schedule]
        work = sum(measured.count * cost for measured, cost in zip(self._steps, costs, strict=True))
        expected = costs[number] * sum(measured.seconds for measured in self._steps) / work if work else 0.0
        own, doubt = self._steps[number], DOUBT * self._images
        return (own.seconds + doubt * expected) / (own.count + doubt)


@dataclass
class _Measured:
    """Seconds and how many images took them."""

    seconds: float = 0.0
    count: int = 0

    def add(self, seconds: float, images: int) -> None:
        self.seconds += seconds
        self.count += images

    @property
    def mean(self) -> float:
        return self.seconds / max(self.count, 1)
