import pytest

from rsi.callbacks.base import stage_of
from rsi.errors import InputError
from rsi.methods.restoration import PAPER_SCHEDULE
from rsi.methods.schedule import Phase, check_schedule


@pytest.mark.parametrize(
    ("step", "space", "lr", "first", "last"),
    [
        (0, "W", 0.08, 0, 149),
        (149, "W", 0.08, 0, 149),
        (150, "W+", 0.02, 150, 299),
        (300, "W++", 0.005, 300, 449),
        (449, "W++", 0.005, 300, 449),
    ],
)
def test_paper_schedule_changes_space_at_steps_150_and_300(
    step: int, space: str, lr: float, first: int, last: int
) -> None:
    assert stage_of(PAPER_SCHEDULE, step) == (Phase(space, 150, lr), first, last)  # type: ignore[arg-type]


def test_step_beyond_the_schedule() -> None:
    with pytest.raises(ValueError, match="step 450 is beyond the 450 steps of the schedule"):
        stage_of(PAPER_SCHEDULE, 450)


@pytest.mark.parametrize(
    ("space", "steps", "lr", "message"),
    [
        ("Z", 1, 0.1, 'phase space "Z" is unknown: use W, W\\+ or W\\+\\+'),
        ("W", 0, 0.1, "phase W has 0 steps: use 1 or more"),
        ("W+", 5, -0.1, "phase W\\+ has a step size of -0.1: use a number above 0"),
        ("W", 5, float("nan"), "phase W has a step size of nan"),
        ("W", 5, float("inf"), "phase W has a step size of inf"),
    ],
)
def test_phase_out_of_range(space: str, steps: int, lr: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Phase(space, steps, lr)  # type: ignore[arg-type]


def test_step_size_goes_from_first_to_last_by_the_same_factor() -> None:
    phase = Phase("W", 3, 0.4, final_lr=0.1)
    assert [phase.lr_factor(step) for step in range(3)] == pytest.approx([1, 0.5, 0.25])
    assert [Phase("W", 3, 0.4).lr_factor(step) for step in range(3)] == [1, 1, 1]
    assert Phase("W", 1, 0.4, final_lr=0.1).lr_factor(0) == 1


def test_final_step_size_out_of_range() -> None:
    with pytest.raises(InputError, match="phase W has a final step size of 0: use a number above 0"):
        Phase("W", 5, 0.1, final_lr=0)


def test_empty_schedule() -> None:
    with pytest.raises(InputError, match="the schedule has no phase"):
        check_schedule([])


def test_shrinking_schedule() -> None:
    with pytest.raises(InputError, match="the schedule goes W\\+, W: a space can only grow"):
        check_schedule([Phase("W+", 1, 0.1), Phase("W", 1, 0.1)])


def test_same_space_twice_is_a_step_size_schedule() -> None:
    phases = [Phase("W", 1, 0.1), Phase("W", 1, 0.01)]
    assert check_schedule(phases) == tuple(phases)
