import pytest

from rsi.methods.pulse import step_factor


@pytest.mark.parametrize(
    ("step", "factor"), [(0, 0.1), (90, 0.55), (180, 1.0), (270, 0.55), (360, 0.1), (380, 0.0505), (400, 0.001)]
)
def test_corners_and_middles(step: int, factor: float) -> None:
    assert step_factor(step, 400) == pytest.approx(factor)


@pytest.mark.parametrize("steps", [1, 2, 10, 250])
def test_is_between_its_bounds_at_every_step(steps: int) -> None:
    assert all(0.001 < step_factor(step, steps) <= 1 for step in range(steps))
