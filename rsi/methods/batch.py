"""A batch of targets in the middle of its restoration."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from rsi.callbacks.base import PhaseResult, Stage
from rsi.data.target import Target, checksum
from rsi.degradations import Degradation
from rsi.methods.guard import FiniteGuard
from rsi.numerics.randomness import ImageRandom
from rsi.results.saved_batch import SavedBatch, kept_by_optimizers

Prepared = TypeVar("Prepared")
Latent = Mapping[str, Tensor]


@dataclass(frozen=True)
class Observation:
    """What is known of some images: their targets and how these came about.

    Attributes:
        targets: The targets.
        operator: The degradation, bound to them.
        known: ``[B, 1, h, w]``, 1 where they carry information.
        observed: The targets, ``[B, 3, h, w]`` in [0, 1], 0 where they carry none.
    """

    targets: Sequence[Target]
    operator: Degradation
    known: Tensor
    observed: Tensor

    @property
    def seeds(self) -> list[int]:
        """The seeds of the images' random numbers."""
        return [target.seed for target in self.targets]

    def random(self, purpose: str) -> ImageRandom:
        """The images' random numbers for a purpose."""
        return ImageRandom(self.seeds, purpose, self.known.device)


class Batch(nn.Module, Generic[Prepared]):
    """What changes while a batch is restored, and what it is made of.

    Args:
        observation: The targets.
        prepared: What the method has computed of them once, since it stays the same for all steps.
        variables: What the steps change, each ``[B, ...]``, where it starts.
        stage: The first stage.

    Attributes:
        variables: What the steps change; change it in place or through :meth:`set_variables`.
        guard: Which images were stopped because their numbers were not finite.
        stage: The stage in progress.
        step: The step to take next.
        path: What the batch looked like at the end of each stage so far.
        carried: What steps hand to the next ones besides the variables, each ``[B, ...]``; forgotten when these change
            their shape.
        terms: The terms of the loss of each image at the last step, ``[B]`` each.
        started: When the batch started, on the monotonic clock, in seconds.
    """

    def __init__(
        self, observation: Observation, prepared: Prepared, variables: Mapping[str, Tensor], stage: Stage
    ) -> None:
        super().__init__()
        self.observation = observation
        self.prepared = prepared
        self.set_variables(variables)
        self.guard = FiniteGuard(self.variables)
        self.stage = stage
        self.step = 0
        self.path: list[PhaseResult] = []
        self.carried: dict[str, Tensor] = {}
        self.terms: dict[str, Tensor] = {}
        self.started = time.monotonic()
        self._stage_start: dict[str, Tensor] = {}

    @property
    def targets(self) -> Sequence[Target]:
        """The targets."""
        return self.observation.targets

    @property
    def variables(self) -> dict[str, nn.Parameter]:
        """What the steps change, each ``[B, ...]``."""
        return dict(self._variables.items())

    def set_variables(self, variables: Mapping[str, Tensor]) -> None:
        """Take other variables, each ``[B, ...]``; the optimisers have to be set up anew after it."""
        self._variables = nn.ParameterDict({name: nn.Parameter(value) for name, value in variables.items()})

    def change_variables(self, change: Callable[[Tensor], Tensor]) -> None:
        """Change the shape of the variables, ``[B, ...]`` each, and of those that stopped images go back to."""
        before = {name: value.shape for name, value in self.variables.items()}
        self.set_variables({name: change(value.detach()) for name, value in self.variables.items()})
        self.guard.kept = {name: change(value) for name, value in self.guard.kept.items()}
        if before != {name: value.shape for name, value in self.variables.items()}:
            self.carried = {}

    def begin_stage(self, stage: Stage, *, in_the_middle: bool) -> None:
        """Begin a stage, or go on in the middle of it, where nobody knows any more where it started."""
        self.stage = stage
        starts = {} if in_the_middle else self.variables
        self._stage_start = {name: value.detach().clone() for name, value in starts.items()}

    @torch.no_grad()
    def measures(self) -> dict[str, Tensor]:
        """What is measured of the last step, besides the loss; nothing here waits for the device.

        Returns:
            ``gradient_norm``, the norm of the gradient of an image's loss, where the method has gradients, and
            ``distance``, the root mean square over an image's codes of how far each is from where it was at the start
            of the stage, in units of the codes; each ``[B]``.
        """
        gradients = [variable.grad for variable in self.variables.values() if variable.grad is not None]
        measures = {"gradient_norm": _norm(gradients)} if gradients else {}
        if self._stage_start:
            moves = [variable - self._stage_start[name] for name, variable in self.variables.items()]
            codes = sum(move[0].numel() // move.shape[-1] for move in moves)
            measures["distance"] = _norm(moves) / codes**0.5
        return measures

    def save(self, optimizers: Sequence[Any]) -> SavedBatch:
        """The batch as it is now."""
        tensors = {
            **_prefixed("variable", self.variables),
            **_prefixed("kept", self.guard.kept),
            **_prefixed("carried", self.carried),
            "stopped_at": self.guard.stopped_at,
        }
        for number, result in enumerate(self.path):
            tensors |= _prefixed(f"phase.{number}", result.latent)
        for number, entries in enumerate(kept_by_optimizers(optimizers)):
            tensors |= _prefixed(f"optimizer.{number}", entries)
        on_cpu = {name: tensor.detach().cpu() for name, tensor in tensors.items()}
        spaces = tuple(result.space for result in self.path)
        return SavedBatch(checksum(self.targets), self.step, time.monotonic() - self.started, spaces, on_cpu)

    @torch.no_grad()
    def load(self, saved: SavedBatch, draw: Callable[[Latent], Tensor]) -> None:
        """Go on where an earlier run has stopped; the optimisers have to be set up anew after it.

        Args:
            saved: The batch as it was.
            draw: Draws the images of a latent.
        """
        device = self.observation.known.device
        self.started -= saved.seconds
        self.step = saved.step
        for index, space in enumerate(saved.spaces):
            latent = saved.named(f"phase.{index}")
            self.path.append(PhaseResult(space, draw(_moved(latent, device)).clamp(0, 1).cpu(), latent))
        self.set_variables(_moved(saved.named("variable"), device))
        self.guard.kept = _moved(saved.named("kept"), device)
        self.carried = _moved(saved.named("carried"), device)
        self.guard.stopped_at = saved.tensors["stopped_at"].to(device)


def _norm(values: Sequence[Tensor]) -> Tensor:
    """The norm of all numbers of each image, ``[B]``."""
    return torch.stack([value.flatten(1).square().sum(1) for value in values]).sum(0).sqrt()


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def _moved(tensors: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    return {name: tensor.to(device) for name, tensor in tensors.items()}
