"""Batches of targets, each given for as many training steps as its restoration takes."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from rsi.data.target import Target
from rsi.errors import InputError


@dataclass(frozen=True)
class Step:
    """What one training step works on.

    Attributes:
        targets: The batch, the same at all of its steps.
        index: The number of the step, counted from 0 for every batch.
    """

    targets: tuple[Target, ...]
    index: int


@dataclass(frozen=True)
class Failure:
    """A file that could not be used.

    Attributes:
        name: Its path below the target folder.
        reason: What is wrong with it, one line.
    """

    name: str
    reason: str


class TargetBatches:
    """Reads targets in order and gives every batch of them once per step; unusable files do not stop it.

    A batch holds targets that fit in one tensor and one JPEG operator: same size, chroma sampling, number of
    channels and orientation. Batches that stay smaller come last. Leaving out whole batches does not change the others.

    Args:
        names: The files to read.
        read: Reads one of them; its ``InputError`` is that file's failure.
        check: Looks at a target that was read; its ``InputError`` is that file's failure, too.
        batch_size: Targets in a full batch.
        steps: How often every batch is given.
        skip: Says which files to leave out, such as those that are finished.
        first_step: The step at which a batch goes on; 0 for one that has not been started.

    Attributes:
        names: The files to read, without those left out.
        failures: The files so far that could not be used.
    """

    def __init__(
        self,
        names: Sequence[str],
        read: Callable[[str], Target],
        check: Callable[[Target], object],
        *,
        batch_size: int,
        steps: int,
        skip: Callable[[str], bool],
        first_step: Callable[[Sequence[Target]], int] = lambda _: 0,
    ) -> None:
        self.names = [name for name in names if not skip(name)]
        self.failures: list[Failure] = []
        self._read = read
        self._check = check
        self._batch_size = batch_size
        self._steps = steps
        self._first_step = first_step

    def __iter__(self) -> Iterator[Step]:
        """One :class:`Step` after another."""
        for targets in self._batches():
            for index in range(self._first_step(targets), self._steps):
                yield Step(targets, index)

    def _batches(self) -> Iterator[tuple[Target, ...]]:
        buckets: dict[Hashable, list[Target]] = {}
        for target in filter(None, map(self._usable, self.names)):
            key = _kind(target)
            bucket = buckets.setdefault(key, [])
            bucket.append(target)
            if len(bucket) == self._batch_size:
                yield tuple(buckets.pop(key))
        yield from map(tuple, buckets.values())

    def _usable(self, name: str) -> Target | None:
        try:
            target = self._read(name)
            self._check(target)
        except InputError as error:
            self.failures.append(Failure(name, str(error)))
            return None
        return target


def _kind(target: Target) -> Hashable:
    jpeg = target.jpeg
    coding = None if jpeg is None else (jpeg.sampling, jpeg.grayscale, jpeg.orientation)
    return tuple(target.image.shape), coding
