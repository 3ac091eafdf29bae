"""The schedule of an optimisation: which latent space, for how many steps, with which step size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rsi.errors import InputError

Space = Literal["W", "W+", "W++"]
SPACES: tuple[Space, ...] = ("W", "W+", "W++")


@dataclass(frozen=True)
class Phase:
    """One phase of the optimisation.

    Attributes:
        space: ``W`` (one code per image), ``W+`` (one per style slot) or ``W++`` (one per convolution filter).
        steps: How many steps it takes, at least 1.
        lr: The distance that a code moves in a step, in units of FFHQ's W space.

    Raises:
        InputError: A value is out of its range.
    """

    space: Space
    steps: int
    lr: float

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise InputError(f'phase space "{self.space}" is unknown: use W, W+ or W++')
        if self.steps < 1:
            raise InputError(f"phase {self.space} has {self.steps} steps: use 1 or more, or leave the phase out")
        if not self.lr > 0:
            raise InputError(f"phase {self.space} has a step size of {self.lr}: use a number above 0")


PAPER_SCHEDULE = (Phase("W", 150, 0.08), Phase("W+", 150, 0.02), Phase("W++", 150, 0.005))
"""The schedule of every task and level (RSI, section 4.1)."""


def check_schedule(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases as a tuple.

    Raises:
        InputError: There is no phase, or one has a smaller space than the phase before it.
    """
    if not phases:
        raise InputError("the schedule has no phase: give at least one of space, steps and lr")
    ranks = [SPACES.index(phase.space) for phase in phases]
    if ranks != sorted(ranks):
        order = ", ".join(phase.space for phase in phases)
        raise InputError(f"the schedule goes {order}: a space can only grow, from W to W+ to W++")
    return tuple(phases)


def phase_starts(phases: Sequence[Phase]) -> dict[int, Phase]:
    """The step at which each phase starts."""
    starts, step = {}, 0
    for phase in phases:
        starts[step] = phase
        step += phase.steps
    return starts


def phase_ends(phases: Sequence[Phase]) -> dict[int, Phase]:
    """The last step of each phase."""
    return {start + phase.steps - 1: phase for start, phase in phase_starts(phases).items()}


def phase_at(phases: Sequence[Phase], step: int) -> Phase:
    """The phase that a step belongs to."""
    return next(phase for end, phase in phase_ends(phases).items() if step <= end)
