"""Degradations one after another."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.degradations.base import Degradation, quantise
from rsi.errors import InputError
from rsi.randomness import ImageRandom


class Composition(Degradation):
    """Degradations in the order given (RSI, Poirier-Ginter & Lalonde 2023).

    Every stage of the true operator clamps and stores 8 bits; the approximation does neither between stages.

    Args:
        degradations: The stages; compositions among them are replaced by their own stages.

    Raises:
        InputError: There is no stage.
    """

    def __init__(self, degradations: Sequence[Degradation]) -> None:
        super().__init__()
        if not degradations:
            raise InputError("a composition needs at least one degradation")
        self._stages = nn.ModuleList(chain.from_iterable(map(_stages_of, degradations)))
        factors = [stage.factor for stage in self.stages]
        self.factor = None if None in factors else math.prod(cast(list[int], factors))

    @property
    def stages(self) -> list[Degradation]:
        """The stages, first to last."""
        return [cast(Degradation, stage) for stage in self._stages]

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The approximations of all stages, ``[B, 3, H, W]`` to ``[B, 3, H / factor, W / factor]``."""
        for stage in self.stages:
            x = stage(x, random)
        return x

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The true operators of all stages, each storing 8 bits; shapes as in ``forward``."""
        for stage in self.stages:
            x = quantise(stage.degrade(x, random))
        return x

    def bind(self, targets: Sequence[Target], resolution: int) -> "Composition":
        """Every stage bound to the targets, with the side that its own input will have.

        Raises:
            InputError: A target lacks what a stage needs, or several stages change the size.
        """
        if sum(stage.factor != 1 for stage in self.stages) > 1:
            raise InputError("several degradations change the size: join them to one, upsample:factor=8")
        bound: list[Degradation] = []
        for stage in self.stages:
            bound.append(stage.bind(targets, resolution))
            resolution //= bound[-1].factor or 1
        return Composition(bound)

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """The parameters of all stages."""
        merged: dict[str, float | str] = {}
        for stage in self.stages:
            merged |= stage.read_parameters(index)
        return merged


def _stages_of(degradation: Degradation) -> Iterable[Degradation]:
    return degradation.stages if isinstance(degradation, Composition) else [degradation]
