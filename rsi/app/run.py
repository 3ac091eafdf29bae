"""A run in a thread of its own, which ends within a step when it is told to."""

import queue
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from pathlib import Path

import torch
import yaml
from PIL import Image

from rsi.app.pipeline import Domain, Opened, Part, parts_of, put_back
from rsi.callbacks.base import RestoredTarget, Stage, stage_of
from rsi.data.pictures import to_picture
from rsi.degradations.spec import parse_harmless
from rsi.errors import InputError
from rsi.methods.explained import is_drawn
from rsi.methods.restoration import Restoration
from rsi.methods.schedule import Phase
from rsi.methods.strength import result_at_strength
from rsi.options.recipes import find_recipe

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
        jobs: What is to be done.
        stop: Set by whoever wants the run to end.
    """

    jobs: Sequence[Job]
    stop: threading.Event
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
        module = kept_module(job.asked.generator, job.asked.recipe)
        parts = parts_of(job.opened, job.degradation, job.known, domain_of(job.asked.generator))
        results = []
        for index, part in enumerate(parts):
            with module.undoing(part.degradation):
                module.check_target(part.target)
                module.restore([part.target], _Watch(self, module, number, index, len(parts)).look)
                results += [result_at_strength(module, result, job.asked.strength) for result in module.restored()]
        drawn = [is_drawn(result.explained, module.generator.info) for result in results]
        if not any(drawn):
            return Failed(job, "this generator does not draw such pictures: choose another, rsi restore says which")
        parts, results = [*compress(parts, drawn)], [*compress(results, drawn)]
        pictures = [to_picture(result.framed) for result in results]
        return Restored(job, parts, results, put_back(job.opened, parts, pictures))

    def _look(self) -> None:
        if self.stop.is_set():
            raise _StoppedError


class _Watch:
    """Tells of the steps of one part."""

    def __init__(self, run: Run, module: Restoration, number: int, part: int, parts: int) -> None:
        self._run, self._module = run, module
        self._number, self._part, self._parts = number, part, parts
        self._started = time.monotonic()
        self._drawn = 0.0

    def look(self) -> None:
        """Tell of a step, draw what there is if it is time, and end the run if it is told to."""
        self._run._look()
        step, steps = self._module.batch.step, self._module.steps_per_batch
        stage, _, last = stage_of(self._module.schedule, step - 1)
        now = time.monotonic()
        picture = None
        if now - self._drawn >= DRAWN_EVERY or step - 1 == last:
            picture = to_picture(self._module.render()[0])
            self._drawn = time.monotonic()
        self._run._news.put(self._told(stage, step, steps, (now - self._started) / step, picture))

    def _told(self, stage: Stage, step: int, steps: int, pace: float, picture: Image.Image | None) -> Step:
        others = self._parts - self._part - 1 + len(self._run.jobs) - self._number
        taken, all_steps = self._part * steps + step, self._parts * steps
        left = pace * (steps - step + others * steps)
        return Step(self._number, len(self._run.jobs), stage.space, taken, all_steps, left, picture)


def domain_of(generator: str) -> Domain:
    """What a generator draws.

    Raises:
        InputError: It cannot be read.
    """
    module = kept_module(generator, None)
    return Domain(module.resolution, module.generator.info)


@lru_cache(maxsize=2)
def kept_module(generator: str, recipe: str | None) -> Restoration:
    """The method with its networks, kept for the next run."""
    module = Restoration(generator=generator, schedule=None if recipe is None else list(schedule_of(recipe)))
    module.configure_model()
    return module.to("cuda" if torch.cuda.is_available() else "cpu")


def schedule_of(recipe: str) -> tuple[Phase, ...]:
    """The schedule of a recipe.

    Raises:
        InputError: It has none.
    """
    content = yaml.safe_load(Path(find_recipe(recipe)).read_text(encoding="utf-8"))
    try:
        return tuple(Phase(**phase) for phase in content["model"]["schedule"])
    except (KeyError, TypeError):
        raise InputError(f"the recipe {recipe} has no model.schedule: give one that has, such as fast") from None
