"""Averages over all images, step by step."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rsi.atomic import atomic_path


class StepAverages:
    """Averages of named numbers over the images so far that have taken a step, leaving out those that are not finite.

    Attributes:
        images: How many images have been through all steps.
    """

    def __init__(self) -> None:
        self.images = 0
        self._sums: dict[tuple[int, str, str], tuple[float, int]] = {}

    def add(self, step: int, phase: str, values: Mapping[str, Sequence[float]]) -> None:
        """Add the numbers of the images of a batch at a step."""
        for name, numbers in values.items():
            finite = [number for number in numbers if math.isfinite(number)]
            total, count = self._sums.get((step, phase, name), (0.0, 0))
            self._sums[step, phase, name] = (total + sum(finite), count + len(finite))

    def at(self, step: int) -> Iterator[tuple[str, str, float]]:
        """Phase, name and average of everything at a step."""
        return ((phase, name, mean) for s, phase, name, mean in self.all() if s == step)

    def all(self) -> Iterator[tuple[int, str, str, float]]:
        """Step, phase, name and average of everything, in the order of the steps."""
        for (step, phase, name), (total, count) in sorted(self._sums.items()):
            if count:
                yield step, phase, name, total / count

    def write(self, path: Path) -> None:
        """Keep them in a file."""
        sums = [[*key, *value] for key, value in self._sums.items()]
        with atomic_path(path) as temporary:
            temporary.write_text(json.dumps({"images": self.images, "sums": sums}))

    @classmethod
    def read(cls, path: Path) -> "StepAverages":
        """What a file keeps; nothing if there is none that can be read."""
        averages = cls()
        try:
            kept = json.loads(path.read_text())
            averages._sums = {(step, phase, name): (total, count) for step, phase, name, total, count in kept["sums"]}
            averages.images = kept["images"]
        except (OSError, ValueError, KeyError, TypeError):
            return cls()
        return averages
