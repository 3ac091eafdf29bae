"""The schedule of an optimisation: which latent space, for how many steps, with which step size."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rsi.callbacks.base import Stage
from rsi.errors import InputError

Space = Literal["W", "W+", "W++"]
ALWAYS, NEVER = "always", "never"
TOP_LEVELS = re.compile(rf"{ALWAYS}|{NEVER}|every [1-9]\d*")
TOP_LEVEL_SHARE = 0.4  # of a step of W: .3 with the embedded networks, .58 at 1024 px
W_PLUS_PLUS_COST = 1.2  # of a step, for one of W: 1.29 with the embedded networks, 1.08 at 1024 px
SPACES: tuple[Space, ...] = get_args(Space)


@dataclass(frozen=True)
class Phase(Stage):
    """One phase of the optimisation.

    Attributes:
        space: ``W`` (one code per image), ``W+`` (one per style slot) or ``W++`` (one per convolution filter).
        steps: How many steps it takes, at least 1.
        lr: The distance that a code moves in a step, in units of FFHQ's W space.
        final_lr: The distance at the last step, if it changes on the way, by the same factor from step to step.
        top_level: When the largest level of the loss is computed, more than half of a step's work at 1024 px:
            ``always``, ``never`` or ``every N``, at every N-th step of the phase, its gradient kept in between.

    Raises:
        InputError: A value is out of its range.
    """

    space: Space
    steps: int
    lr: float
    final_lr: float | None = None
    top_level: str = ALWAYS

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise InputError(f'phase space "{self.space}" is unknown: use W, W+ or W++')
        if self.steps < 1:
            raise InputError(f"phase {self.space} has {self.steps} steps: use 1 or more, or leave the phase out")
        if not 0 < self.lr < math.inf:
            raise InputError(f"phase {self.space} has a step size of {self.lr}: use a number above 0")
        if self.final_lr is not None and not 0 < self.final_lr < math.inf:
            raise InputError(f"phase {self.space} has a final step size of {self.final_lr}: use a number above 0")
        if not TOP_LEVELS.fullmatch(self.top_level):
            raise InputError(f'phase {self.space} has top_level "{self.top_level}": use always, never or every 4')

    @property
    def top_level_every(self) -> int:
        """At every how many steps the largest level of the loss is computed; 0 for never."""
        if self.top_level in (ALWAYS, NEVER):
            return int(self.top_level == ALWAYS)
        return int(self.top_level.split()[1])

    @property
    def cost(self) -> float:
        """What a step costs on average beside one of W with all levels, roughly."""
        left_out = 1 - 1 / self.top_level_every if self.top_level_every else 1
        return (W_PLUS_PLUS_COST if self.space == "W++" else 1) - TOP_LEVEL_SHARE * left_out

    def lr_factor(self, step: int) -> float:
        """The step size at a step of the phase, counted from 0, as a multiple of ``lr``."""
        if self.final_lr is None or self.steps == 1:
            return 1.0
        return math.pow(self.final_lr / self.lr, step / (self.steps - 1))

    def __str__(self) -> str:
        """Space, steps and step sizes, and when the largest level is computed if that is not always."""
        falling = "" if self.final_lr is None else f" to {self.final_lr}"
        top = "" if self.top_level == ALWAYS else f" top level {self.top_level}"
        return f"{self.space} {self.steps} x {self.lr}{falling}{top}"


def check_schedule(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases as a tuple.

    Raises:
        InputError: There is no phase, something else is among them, or one has a smaller space than that before it.
    """
    if not phases:
        raise InputError("the schedule has no phase: give at least one of space, steps and lr")
    for phase in phases:
        if not isinstance(phase, Phase):
            raise InputError(f'the schedule has {phase!r} in it: give phases, such as rsi.Phase("W", 150, 0.08)')
    ranks = [SPACES.index(phase.space) for phase in phases]
    if ranks != sorted(ranks):
        order = ", ".join(phase.space for phase in phases)
        raise InputError(f"the schedule goes {order}: a space can only grow, from W to W+ to W++")
    return tuple(phases)


def in_words(phases: Sequence[Phase]) -> str:
    """The phases on one line, as the settings of a run have them."""
    return "; ".join(map(str, phases))
