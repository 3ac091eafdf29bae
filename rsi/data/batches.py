"""Batches of targets, each given for as many training steps as its restoration takes."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from rsi.data.listing import Listed
from rsi.data.target import Target, checksum
from rsi.errors import InputError
from rsi.results.saved_batch import SavedBatch


@dataclass(frozen=True)
class Step:
    """What one training step works on.

    Attributes:
        targets: The batch, the same at all of its steps.
        index: The number of the step, counted from 0 for every batch.
        saved: Where an earlier run has left the batch; given with the step at which it goes on, with no other.
    """

    targets: tuple[Target, ...]
    index: int
    saved: SavedBatch | None = None

    @property
    def begins(self) -> bool:
        """Whether it is the first step that this run takes with the batch."""
        return self.index == 0 or self.saved is not None


def as_step(batch: object) -> Step:
    """What Lightning calls a batch.

    Raises:
        InputError: It is something else, which cannot be restored.
    """
    if not isinstance(batch, Step):
        raise InputError(f"a {type(batch).__name__} cannot be restored: pass an rsi.TargetFolder as datamodule")
    return batch


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
    Targets are read when their batch is due. Those of a batch that was given and not finished come first in the next
    iterator.

    Args:
        images: The files to read.
        read: Reads one of them; its ``InputError`` is that file's failure.
        check: Looks at a target that was read; its ``InputError`` is that file's failure, too.
        batch_size: Targets in a full batch.
        steps: How often every batch is given.
        skip: Says which files to leave out, by name, such as those that are finished.
        saved: The batch that an earlier run has left in the middle, if there is one; it goes on there.

    Attributes:
        batch_size: Targets in the full batches from here on.
        failures: The files so far that could not be used.
        skipped: How many files were left out so far.
    """

    def __init__(
        self,
        images: Iterable[Listed],
        read: Callable[[Listed], Target],
        check: Callable[[Target], object],
        *,
        batch_size: int,
        steps: int,
        skip: Callable[[str], bool],
        saved: SavedBatch | None = None,
    ) -> None:
        self.batch_size = batch_size
        self.failures: list[Failure] = []
        self.skipped = 0
        self._read = read
        self._check = check
        self._steps = steps
        self._skip = skip
        self._saved = saved
        self._targets: Iterator[Target] = filter(None, map(self._usable, filter(self._is_due, images)))
        self._buckets: dict[Hashable, list[Target]] = {}
        self._unfinished: list[tuple[Target, ...]] = []

    def __iter__(self) -> Iterator[Step]:
        """One :class:`Step` after another."""
        self.put_back()
        while targets := self._next_batch():
            self._unfinished.append(targets)
            saved = self._saved if self._saved and checksum(targets) == self._saved.targets else None
            first = saved.step if saved else 0
            yield Step(targets, first, saved)
            yield from (Step(targets, index) for index in range(first + 1, self._steps))

    @property
    def is_done(self) -> bool:
        """All targets are finished or have failed."""
        return not (self._unfinished or self._buckets or self.look_ahead(1))

    def finish(self, targets: Sequence[Target]) -> None:
        """Note that all steps of a batch are taken."""
        self._unfinished = [batch for batch in self._unfinished if batch is not targets]

    def put_back(self) -> None:
        """Make the targets that were given and are not finished the next ones."""
        self._targets = chain([target for batch in self._unfinished for target in batch], self._targets)
        self._unfinished = []

    def look_ahead(self, count: int) -> list[Target]:
        """The next targets, which stay the next."""
        ahead = list(islice(self._targets, count))
        self._targets = chain(ahead, self._targets)
        return ahead

    def fail(self, target: Target, reason: str) -> None:
        """Note that a target could not be restored."""
        self.failures.append(Failure(target.name, reason))
        self._unfinished = [tuple(other for other in batch if other is not target) for batch in self._unfinished]
        self._unfinished = [batch for batch in self._unfinished if batch]

    def _next_batch(self) -> tuple[Target, ...]:
        for target in self._targets:
            key = batch_key(target)
            self._buckets.setdefault(key, []).append(target)
            if len(self._buckets[key]) >= self.batch_size:
                return self._take(key)
        return self._take(next(iter(self._buckets))) if self._buckets else ()

    def _take(self, key: Hashable) -> tuple[Target, ...]:
        bucket = self._buckets.pop(key)
        if rest := bucket[self.batch_size :]:
            self._buckets[key] = rest
        return tuple(bucket[: self.batch_size])

    def _is_due(self, image: Listed) -> bool:
        is_left_out = self._skip(image.name)
        self.skipped += is_left_out
        return not is_left_out

    def _usable(self, image: Listed) -> Target | None:
        try:
            target = self._read(image)
            self._check(target)
        except InputError as error:
            self.failures.append(Failure(image.name, str(error)))
            return None
        return target


def batch_key(target: Target) -> Hashable:
    """What targets of one batch have in common: their size and the coding of their JPEG files."""
    jpeg = target.jpeg
    coding = None if jpeg is None else (jpeg.sampling, jpeg.grayscale, jpeg.orientation)
    return tuple(target.image.shape), coding
