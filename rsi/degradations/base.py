"""What every degradation can do, and degradations one after another."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size


class Degradation(nn.Module):
    """A kind of degradation ``f`` with a differentiable approximation of it.

    A subclass gives :meth:`forward`, and :meth:`degrade` where the true operator is another one. Operators
    hold settings; what a file says about its own degradation comes in through :meth:`bind`.

    Attributes:
        factor: How many times smaller than its input the output's side is; ``None`` where :meth:`bind` finds
            it from the targets.
        finds_damage: Whether :meth:`bind` looks for what happened in the targets, so that pictures are cropped to the
            generator's size on a grid that JPEGs have, and what is around is kept for the search.
        restores_colour: Whether a target without colour has lost it here, so that its restoration is to be in colour.
    """

    factor: int | None = 1
    finds_damage: bool = False
    restores_colour: bool = False

    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The differentiable approximation of the degradation, which several threads may ask for at the same time.

        Args:
            x: Images, ``[B, 3, H, W]``, nominally in [0, 1].
            random: The random numbers of these images at this step.

        Returns:
            Degraded images, ``[B, 3, H / factor, W / factor]``.
        """
        raise NotImplementedError

    @torch.no_grad()
    def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
        """The true degradation as files undergo it, ``[B, 3, H / factor, W / factor]``, 8 bits in [0, 1]."""
        return quantise(self(x, random))

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Degradation":  # noqa: ARG002 - for others
        """This operator for a batch of targets, with what their files say of their degradation.

        Args:
            targets: The degraded images, all of one size.
            resolution: The size of the clean images that the operator will get.

        Raises:
            InputError: A target lacks what the operator needs to read from it.
        """
        return self

    def keeping(self, keep: Tensor) -> "Degradation":  # noqa: ARG002 - for others
        """This operator for targets that show which pixels it has lost; itself if it loses none.

        Args:
            keep: ``[B, 1, H, W]`` of the output, 1 where a pixel is kept and 0 where it is lost.
        """
        return self

    def taking_off(self, photons: float) -> "Degradation":  # noqa: ARG002 - for others
        """This operator, whose approximation of noise takes so many photons off; itself if it has none."""
        return self

    def read_parameters(self, index: int) -> dict[str, float | str]:  # noqa: ARG002 - for others
        """The parameters in force for image ``index`` of the bound batch, for the table of results."""
        return {}

    def followed_by(self, later: Sequence["Degradation"]) -> "Degradation":  # noqa: ARG002 - for others
        """This bound operator, told what happens between its output and the targets."""
        return self

    def check_place(self, earlier: Sequence["Degradation"]) -> None:
        """Make sure that it can come after other stages of a composition.

        Raises:
            InputError: Nothing that happens to pictures goes in this order, or the operator cannot express it.
        """

    def extra_repr(self) -> str:
        """The operator's settings: its public attributes that are plain values."""
        plain = {k: v for k, v in vars(self).items() if not k.startswith("_") and k != "training"}
        return ", ".join(f"{k}={v!r}" for k, v in plain.items() if isinstance(v, int | float | str | None))

    def __add__(self, other: "Degradation") -> "Degradation":
        """First this degradation, then the other."""
        return Composition([self, other])


def quantise(x: Tensor) -> Tensor:
    """Images as 8-bit files store them: clamped to [0, 1] and rounded to multiples of 1/255."""
    return (x.clamp(0, 1) * 255).round() / 255


class Composition(Degradation):
    """Degradations in the order given (RSI, Poirier-Ginter & Lalonde 2023).

    Every stage of the true operator clamps and stores 8 bits; the approximation does neither between stages.

    Args:
        degradations: The stages; compositions among them are replaced by their own stages.

    Raises:
        InputError: There is no stage, or their order makes no sense.
    """

    def __init__(self, degradations: Sequence[Degradation]) -> None:
        super().__init__()
        if not degradations:
            raise InputError("a composition needs at least one degradation")
        self._stages = nn.ModuleList(chain.from_iterable(map(_stages_of, degradations)))
        for index, stage in enumerate(self.stages):
            stage.check_place(self.stages[:index])
        factors = [stage.factor for stage in self.stages]
        self.factor = None if None in factors else math.prod(cast(list[int], factors))
        self.restores_colour = any(stage.restores_colour for stage in self.stages)

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
        """The true operators of all stages, each storing 8 bits; to ``[B, 3, H / factor, W / factor]``."""
        for stage in self.stages:
            x = quantise(stage.degrade(x, random))
        return x

    def bind(self, targets: Sequence[Target], resolution: Size) -> "Composition":
        """Every stage bound to the targets, with the size that its own input will have.

        Raises:
            InputError: A target lacks what a stage needs, or several stages change the size.
        """
        if sum(stage.factor != 1 for stage in self.stages) > 1:
            raise InputError("several degradations change the size: join them to one, upsample:factor=8")
        bound: list[Degradation] = []
        for stage in self.stages:
            bound.append(stage.bind(targets, resolution))
            resolution = resolution // (bound[-1].factor or 1)
        return Composition([stage.followed_by(bound[index + 1 :]) for index, stage in enumerate(bound)])

    def taking_off(self, photons: float) -> "Composition":
        """Every stage with so many photons taken off."""
        return Composition([stage.taking_off(photons) for stage in self.stages])

    def read_parameters(self, index: int) -> dict[str, float | str]:
        """The parameters of all stages."""
        merged: dict[str, float | str] = {}
        for stage in self.stages:
            merged |= stage.read_parameters(index)
        return merged


def _stages_of(degradation: Degradation) -> Iterable[Degradation]:
    return degradation.stages if isinstance(degradation, Composition) else [degradation]
