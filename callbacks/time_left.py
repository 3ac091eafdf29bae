"""How long a restoration still takes, from the steps that were measured."""

from collections.abc import Sequence
from time import monotonic

from rsi.callbacks.base import Stage, stage_of

DOUBT = 5  # so many steps of a stage count as much as what is expected of it


class TimeLeft:
    """The time that the image in progress and the folder still take.

    Steps of a stage take as long as those that were measured; where there are few of them, what the costs of stages let
    expect from those of others counts, too. The first step of a stage is not measured, as it warms up. What is done
    between two batches is measured for itself.

    Args:
        schedule: The stages of every batch.
    """

    def __init__(self, schedule: Sequence[Stage]) -> None:
        self._schedule = schedule
        self._taken = dict.fromkeys(range(len(schedule)), 0)  # steps of all images together
        self._seconds = dict.fromkeys(self._taken, 0.0)
        self._between, self._finished = 0.0, 0
        self._images = 1  # of the batch in progress
        self._last: float | None = None

    def step_taken(self, index: int, images: int) -> None:
        """Measure a step.

        Args:
            index: Its number, from 0 for every batch.
            images: How many images have taken it.
        """
        stage, first, _ = stage_of(self._schedule, index)
        number, now = [*self._schedule].index(stage), monotonic()
        if self._last is not None and index != first:
            self._taken[number] += images
            self._seconds[number] += now - self._last
        elif self._last is not None and index == 0:
            self._between += now - self._last - self._pace(0) * images
            self._finished += self._images
        self._last, self._images = now, images

    @property
    def is_known(self) -> bool:
        """Enough was measured to tell anything."""
        return any(self._taken.values())

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
        seconds, first = self._between / max(self._finished, 1), 0
        for number, stage in enumerate(self._schedule):
            first += stage.steps
            seconds += min(max(first - index - 1, 0), stage.steps) * self._pace(number)
        return seconds

    def _pace(self, number: int) -> float:
        """Seconds of a step of an image."""
        costs = [stage.cost for stage in self._schedule]
        measured = sum(self._taken[other] * cost for other, cost in enumerate(costs))
        expected = costs[number] * sum(self._seconds.values()) / measured if measured else 0.0
        doubt = DOUBT * self._images
        return (self._seconds[number] + doubt * expected) / (self._taken[number] + doubt)
