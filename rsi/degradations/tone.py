"""Colours that change alike at every pixel, by numbers that are given or fitted."""

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from rsi.data.target import Target
from rsi.degradations.base import Degradation, quantise
from rsi.degradations.denoising import Denoising
from rsi.degradations.inpainting import Inpainting
from rsi.degradations.jpeg import check_not_saved
from rsi.degradations.tone_fit import ToneTarget, fit_line, pool, tone_target
from rsi.errors import InputError
from rsi.numerics.per_image import one_by_one
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size


class Tone(Degradation):
    """A change of colours whose gain and offset, where they are not given, are fitted to the targets.

    They are fitted anew to every image that comes: see :func:`rsi.degradations.tone_fit.fit_line`. In the gradient they
    count as constants, as the least squared distance has the same slope whether they follow the image or not. So there
    is nothing to keep from step to step, and every image is on its own.

    A subclass gives :meth:`values`, :meth:`change`, :meth:`change_as_given` and :meth:`describe`.

    Args:
        is_fitted: Whether gain and offset are fitted.
    """

    spec_name: ClassVar[str]

    def __init__(self, *, is_fitted: bool = True) -> None:
        super().__init__()
        self._is_fitted = is_fitted
        self._targets: Sequence[Target] = ()
        self.goal: ToneTarget | None = None
        self._found: Tensor | None = None

    def values(self, x: Tensor) -> Tensor:
        """What the lines are fitted to, ``[B, 3, H, W]`` to ``[B, G, P, H, W]``: ``G`` lines, ``P`` planes for each."""
        raise NotImplementedError

    def change(self, values: Tensor, colours: Tensor, weights: Tensor) -> Tensor:
        """Images ``[B, 3, H, W]`` of values that gain and offset have changed.

        Args:
            values: As of :meth:`values`.
            colours: The targets' in coarse cells, ``[B, 3, n, n]``.
            weights: How far each cell is known, ``[B, 1, n, n]``.
        """
        raise NotImplementedError

    def change_as_given(self, x: Tensor) -> Tensor:
        """Images ``[B, 3, H, W]`` changed by what is given."""
        raise NotImplementedError

    def describe(self, lines: Tensor) -> dict[str, float | str]:
        """Gain and offset ``[G, 2]`` for the table of results."""
        raise NotImplementedError

    @property
    def is_fitted(self) -> bool:
        """Whether gain and offset are fitted to the targets."""
        return self._is_fitted

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:  # noqa: ARG002 - not random
        """Images with other colours, ``[B, 3, H, W]``.

        Raises:
            InputError: Neither numbers are given nor targets to fit them to.
        """
        if not self.is_fitted:
            return self.change_as_given(x)
        return one_by_one(self._recolour, x, self._lines(x), *self._goal_for(x), side=max(x.shape[-2:]))

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """Images with other colours, ``[B, 3, H, W]``, 8 bits in [0, 1]; keeps what was fitted, for the table.

        Raises:
            InputError: Neither numbers are given nor targets to fit them to.
        """
        self._found = self._lines(x) if self.is_fitted else None
        return quantise(self(x, random))

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Tone":  # noqa: ARG002 - fits any
        """The operator with the colours of the targets to fit to, or this one if all is given."""
        return self._fitted_to(targets, []) if self.is_fitted else self

    def followed_by(self, later: Sequence[Degradation]) -> "Tone":
        """The bound operator, told what happens to its images before they are the targets.

        Pixels that noise has lost do not count where nothing but holes came after it; elsewhere they darken all others.
        """
        return self._fitted_to(self._targets, later) if self._targets else self

    def check_place(self, earlier: Sequence[Degradation]) -> None:
        """Make sure that the colours to fit to are those after this stage, and that one like it would not do.

        Raises:
            InputError: It is otherwise.
        """
        if earlier and type(earlier[-1]) is type(self):
            raise InputError(f"{self.spec_name} after {self.spec_name}: two of them are one, write that one")
        check_colours(self.spec_name, earlier)

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """What was fitted to image ``index`` when it was last degraded."""
        return {} if self._found is None else self.describe(self._found[index])

    def _fitted_to(self, targets: Sequence[Target], later: Sequence[Degradation]) -> "Tone":
        last = next((stage for stage in reversed(later) if not isinstance(stage, Inpainting)), None)
        hidden = [1 - stage.k_b for stage in later if isinstance(stage, Denoising) and stage is not last]
        lost = isinstance(last, Denoising) and last.k_b > 0
        told = type(self)()
        told._targets = targets
        told.goal = tone_target(targets, lost=lost, brightness=math.prod(hidden))
        return told

    def _lines(self, x: Tensor) -> Tensor:
        """``[B, G, 2]``."""
        return one_by_one(self._fit, x.detach(), *self._goal_for(x), side=max(x.shape[-2:]))

    def _goal_for(self, x: Tensor) -> list[Tensor]:
        if self.goal is None:
            raise InputError(f"{self.spec_name} has nothing to be fitted to: give its numbers, or bind it to targets")
        return [part.to(x) for part in self.goal.buffers()]

    def _fit(self, x: Tensor, colours: Tensor, weights: Tensor, known: Tensor) -> Tensor:
        drawn, wanted = self.values(pool(x, known, colours.shape[-1])), self.values(colours)
        of_planes = weights.unsqueeze(2).expand(-1, -1, drawn.shape[2], -1, -1)
        return fit_line(drawn.flatten(2), wanted.flatten(2), of_planes.flatten(2))

    def _recolour(self, x: Tensor, lines: Tensor, colours: Tensor, weights: Tensor, known: Tensor) -> Tensor:  # noqa: ARG002
        gain, offset = (number.view(*number.shape, 1, 1, 1) for number in lines.unbind(-1))
        return self.change(gain * self.values(x) + offset, colours, weights)


def check_colours(name: str, earlier: Sequence[Degradation]) -> None:
    """Make sure that a change of colours does not come after one that is fitted to the target's.

    Args:
        name: What comes next.
        earlier: What happened before.

    Raises:
        InputError: It does, or the file's JPEG header would be out of date.
    """
    check_not_saved(name, earlier)
    for stage in earlier:
        if isinstance(stage, Tone) and stage.is_fitted:
            raise InputError(
                f"{name} after {stage.spec_name}: without numbers, {stage.spec_name} is fitted to the colours that the "
                f"file has at last, so put {name} before it or give its numbers"
            )
