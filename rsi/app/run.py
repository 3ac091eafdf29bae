"""A run in a thread of its own, which ends within a step when it is told to."""

import queue
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import compress

from PIL import Image

from rsi.app.networks import domain_of, kept_module
from rsi.app.pipeline import Opened, Part, number_of_parts, parts_of, put_back
from rsi.callbacks.base import RestoredTarget, stage_of
from rsi.callbacks.time_left import TimeLeft
from rsi.data.pictures import to_picture
from rsi.degradations.spec import parse_harmless
from rsi.errors import InputError
from rsi.methods.explained import is_drawn
from rsi.methods.restoration import Restoration
from rsi.methods.strength import result_at_strength

HEARTBEAT = 0.5  # seconds after which a page hears of a run in any case
DRAWN_EVERY = 1.0  # seconds
ONE_AT_A_TIME = threading.Lock()
"""Held by the thread that computes: a run that was stopped may still be in its last step."""


@dataclass(frozen=True)
class Asked:
    """What is asked for all photographs.

    Attributes:
        generator: A name or a file.
        recipe: The recipe with the schedule; ``None`` for the method's own.
        strength: 1 for what is closest to the photograph, 0 for the generator's own kind of picture.
    """

    generator: str
    recipe: str | None = None
    strength: float = 1.0


@dataclass(frozen=True)
class Job:
    """What is to be done with one photograph.

    Attributes:
        opened: The photograph.
        degradation: What happened to it.
        known: Black where it has holes, of its size; ``None`` if it has none.
        asked: What is asked for all.
    """

    opened: Opened
    degradation: str
    known: Image.Image | None
    asked: Asked


@dataclass(frozen=True)
class Step:
    """How far a run is.

    Attributes:
        number: Which photograph it is at, from 1.
        of: How many photographs there are.
        space: The space in which it searches.
        step: The step that was taken, from 1.
        steps: The steps of the photograph.
        left: Seconds that are left, for all photographs; ``None`` while nobody knows.
        picture: What it looks like now; ``None`` if it was not drawn.
    """

    number: int
    of: int
    space: str
    step: int
    steps: int
    left: float | None
    picture: Image.Image | None = None


@dataclass(frozen=True)
class Restored:
    """A photograph that is done.

    Attributes:
        job: What was to be done.
        parts: What was restored of it.
        results: What has become of each.
        whole: The whole picture.
    """

    job: Job
    parts: Sequence[Part]
    results: Sequence[RestoredTarget]
    whole: Image.Image


@dataclass(frozen=True)
class Failed:
    """A photograph that cannot be restored.

    Attributes:
        job: What was to be done.
        reason: Why it cannot, in words.
    """

    job: Job
    reason: str


News = Step | Restored | Failed


class _StoppedError(Exception):
    """The run was told to stop."""


@dataclass
class Run:
    """Restores photographs, one after another.

    Args:
        jobs: What is to be done, all with what is asked for the first.
        stop: Set by whoever wants the run to end.
    """

    jobs: Sequence[Job]
    stop: threading.Event
    _time: TimeLeft | None = None
    _news: "queue.Queue[News | None]" = field(default_factory=queue.Queue)

    def news(self) -> Generator[News | None, None, None]:
        """What happens, as it happens; ``None`` when nothing does for a while. Closing it ends the run."""
        thread = threading.Thread(target=self._work, daemon=True)
        thread.start()
        try:
            while thread.is_alive() or not self._news.empty():
                yield self._next()
        except GeneratorExit:
            self.stop.set()
            raise

    def _next(self) -> News | None:
        try:
            return self._news.get(timeout=HEARTBEAT)
        except queue.Empty:
            return None

    def _try(self, job: Job, number: int) -> Restored | Failed:
        try:
            return self._restore(job, number)
        except InputError as error:
            return Failed(job, str(error))
        except _StoppedError:
            raise
        except Exception as error:  # a page that says nothing is worse
            return Failed(job, f"{type(error).__name__}: {error}")

    def _work(self) -> None:
        with ONE_AT_A_TIME, suppress(_StoppedError):
            for number, job in enumerate(self.jobs, 1):
                self._news.put(self._try(job, number))

    def _restore(self, job: Job, number: int) -> Restored | Failed:
        self._look()
        parse_harmless(job.degradation)
        module, domain = kept_module(job.asked.generator, job.asked.recipe), domain_of(job.asked.generator)
        parts = parts_of(job.opened, job.degradation, job.known, domain)
        self._time = self._time or TimeLeft(module.schedule)
        later = sum(number_of_parts(other.opened, domain) for other in self.jobs[number:])
        results = []
        for index, part in enumerate(parts):
            watch = _Watch(self, module, self._time, number, index, len(parts), later)
            results += self._restore_part(job, part, module, watch)
        drawn = [is_drawn(result.explained, module.generator.info) for result in results]
        if not any(drawn):
            return Failed(job, "this generator does not draw such pictures: choose another, rsi restore says which")
        parts, results = [*compress(parts, drawn)], [*compress(results, drawn)]
        pictures = [to_picture(result.framed) for result in results]
        return Restored(job, parts, results, put_back(job.opened, parts, pictures))

    def _restore_part(self, job: Job, part: Part, module: Restoration, watch: "_Watch") -> list[RestoredTarget]:
        with module.undoing(part.degradation):
            module.check_target(part.target)
            module.restore([part.target], watch.look)
            return [result_at_strength(module, result, job.asked.strength) for result in module.restored()]

    def _look(self) -> None:
        if self.stop.is_set():
            raise _StoppedError


@dataclass
class _Watch:
    """Tells of the steps of one part.

    Args:
        run: Whom it tells.
        module: What takes the steps.
        time: What measures them.
        number: Which photograph it is, from 1.
        part: Which of its parts it is, from 0.
        parts: How many parts the photograph has.
        later: How many parts the photographs after it have.
    """

    run: Run
    module: Restoration
    time: TimeLeft
    number: int
    part: int
    parts: int
    later: int
    _drawn: float = 0.0

    def look(self) -> None:
        """Tell of a step, draw what there is if it is time, and end the run if it is told to."""
        self.run._look()
        step, steps = self.module.batch.step, self.module.steps_per_batch
        self.time.step_taken(step - 1, images=1)
        stage, _, last = stage_of(self.module.schedule, step - 1)
        picture = None
        if time.monotonic() - self._drawn >= DRAWN_EVERY or step - 1 == last:
            picture = to_picture(self.module.render()[0])
            self._drawn = time.monotonic()
        taken, all_steps = self.part * steps + step, self.parts * steps
        self.run._news.put(
            Step(self.number, len(self.run.jobs), stage.space, taken, all_steps, self._left(step - 1), picture)
        )

    def _left(self, index: int) -> float | None:
        others = self.parts - self.part - 1 + self.later
        return self.time.of_folder(index, others) if self.time.is_known else None
