"""Time left, by a clock that goes as the test says."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from rsi.callbacks import BatchBegun, RestorationProgress, Run, Stage, StepTaken
from rsi.callbacks.base import stage_of
from rsi.callbacks.time_left import TimeLeft
from rsi.methods.lbrgm import LBRGM
from rsi.methods.restoration import PAPER_SCHEDULE
from rsi.methods.schedule import Phase
from rsi.options.recipes import find_recipe

WITHIN = 0.15
LARGE = {"W": 1.0, "W+": 1.0, "W++": 1.08}  # seconds of a step at 1024 px, for one of W, and of its largest level
SMALL = {"W": 1.0, "W+": 1.0, "W++": 1.29}
TOP = {"large": 0.58, "small": 0.3}


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("rsi.callbacks.time_left.monotonic", clock)
    return clock


def recipe(name: str) -> tuple[Phase, ...]:
    if name == "paper":
        return PAPER_SCHEDULE
    content = yaml.safe_load(Path(find_recipe(name)).read_text())
    return tuple(Phase(**phase) for phase in content["model"]["schedule"])


def seconds(phase: Phase, step: int, size: str) -> float:
    """What a step of an image takes on a machine that is neither of those that costs were measured on."""
    every = phase.top_level_every
    has_top = bool(every) and step % every == 0
    return (LARGE if size == "large" else SMALL)[phase.space] - (0 if has_top else TOP[size])


def restore(
    left: TimeLeft, clock: Clock, schedule: Sequence[Phase], batches: Sequence[int], size: str, overhead: float = 1.0
) -> Iterator[tuple[float, float, float]]:
    """Restore batches of so many images; after every step the time, what is left of the batch and of all, as told."""
    for number, images in enumerate(batches):
        clock.now += overhead * images
        for index in range(sum(phase.steps for phase in schedule)):
            phase, first, _ = stage_of(schedule, index)
            assert isinstance(phase, Phase)
            warm_up = 2.0 if index == first else 1.0
            clock.now += images**0.9 * seconds(phase, index - first, size) * warm_up
            left.step_taken(index, images)
            yield clock.now, left.of_batch(index), left.of_folder(index, sum(batches[number + 1 :]))


@pytest.mark.parametrize("size", ["small", "large"])
@pytest.mark.parametrize("name", ["paper", "fast", "preview"])
@pytest.mark.parametrize("batches", [[1], [8, 8, 1], [2] * 9 + [1]])
def test_a_tenth_of_the_run_is_enough_to_know_the_rest(
    clock: Clock, name: str, batches: Sequence[int], size: str
) -> None:
    schedule, begun = recipe(name), clock.now
    told = [*restore(TimeLeft(schedule), clock, schedule, batches, size)]
    steps = sum(phase.steps for phase in schedule)
    of_folder = [(now, left) for now, _, left in told]
    of_first = [(now, left) for now, left, _ in told[:steps]]
    for values, end in ((of_folder, clock.now), (of_first, told[steps - 1][0])):
        late = [(now, left) for now, left in values if now - begun >= (end - begun) / 10]
        near = 0.02 * (end - begun)  # what is done after the first batch cannot be known before
        assert all(left == pytest.approx(end - now, rel=WITHIN, abs=near) for now, left in late)


def test_nothing_is_told_before_anything_was_measured(clock: Clock) -> None:
    left = TimeLeft(PAPER_SCHEDULE)
    assert not left.is_known
    left.step_taken(0, 2)
    assert not left.is_known
    clock.now += 3
    left.step_taken(1, 2)
    assert left.of_others == pytest.approx(1.5 * (150 + 150 + 1.2 * 150))


def test_draws_without_a_gradient_do_not_count_as_steps() -> None:
    start, search = LBRGM("avatars128").schedule
    assert start.cost < search.cost / 2


def test_finished_images_are_left_out_wherever_they_are(clock: Clock, tmp_path: Path) -> None:
    schedule = [Stage("W", 10)]
    data: Any = SimpleNamespace(share_size=lambda *_: 12, count_finished=lambda *_: 9, failures=[])
    progress, run = RestorationProgress(str(tmp_path)), Run({}, schedule, data)
    progress.run_begins(run)
    targets: Any = [SimpleNamespace(name="a")]
    progress.batch_begins(run, BatchBegun(targets, 0))
    for index in range(4):
        clock.now += 5
        progress.step_taken(run, _step(targets, schedule, index))
    (task,) = progress._bar._progress.tasks
    assert task.fields["images"] == 3
    assert task.fields["left"] == "0:00:30 / 0:02:10"
    assert task.fields["speed"] == "1.2"


def _step(targets: Any, schedule: Sequence[Stage], index: int) -> StepTaken:
    stage, first, last = stage_of(schedule, index)
    unused: Any = None
    total: Any = SimpleNamespace(mean=lambda: 0.5)
    return StepTaken(
        targets, stage, index, index == first, index == last, index == last, {"total": total}, 0.1, *[unused] * 4
    )
