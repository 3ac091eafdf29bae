"""What all methods of restoration have in common as LightningModules."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from PIL.Image import Image as Picture
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from rsi.data.batches import Step
from rsi.data.pictures import side_by_side
from rsi.data.target import Target
from rsi.degradations import Degradation, parse_degradation, quantise
from rsi.methods.guard import FiniteGuard
from rsi.methods.schedule import Stage
from rsi.numerics.memory import keep_freed_memory
from rsi.numerics.precision import check_precision, full_precision
from rsi.numerics.randomness import ImageRandom
from rsi.perceptual import PerceptualDistance

FIDELITY_STEP = -1


@dataclass(frozen=True)
class PhaseResult:
    """What a batch looked like at the end of a phase.

    Attributes:
        space: The name of the phase.
        images: ``[B, 3, R, R]`` in [0, 1], on the CPU.
        latent: What the method can draw the images of again, each ``[B, ...]``, on the CPU.
    """

    space: str
    images: Tensor
    latent: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def codes(self) -> Tensor:
        """The style codes, for methods with a StyleGAN2 generator."""
        return self.latent["codes"]


class RestorationMethod(LightningModule, ABC):
    """Restores batches of degraded images, each on its own, in a fixed number of steps.

    One training step is one step of every image. :class:`rsi.callbacks.PhaseScheduler` starts batches and phases. What
    the steps change is in ``variables``; everything else is either constant or follows from the targets, so that a run
    that was killed goes on from these and the optimiser's state alone.

    A subclass sets ``method``, ``resolution`` and ``perceptual``, and gives :meth:`configure_model`,
    :meth:`initial_variables`, :meth:`predict` and ``training_step``, which has to leave ``terms`` behind.

    Args:
        degradation: How the images were degraded: a text for :func:`rsi.parse_degradation` or a
            :class:`rsi.degradations.Degradation`.
        schedule: The phases of every batch.
        settings: What else the results depend on, apart from the targets.

    Attributes:
        method: The name that the command line knows it by.
        settings: All that the results depend on, apart from the targets; ``configure_model`` completes it.
        perceptual: The distance that :meth:`fidelity` measures with; there once ``configure_model`` has run.
        guard: Which images of the batch were stopped because their numbers were not finite.
        phase: The phase in progress.
        path: What the batch looked like at the end of each phase so far.
        terms: The terms of the loss of each image at the last step, ``[B]`` each; ``total`` is among them.
        operator: The degradation, bound to the targets.
        known: ``[B, 1, h, w]``, 1 where the targets carry information.
        observed: The targets ``[B, 3, h, w]`` in [0, 1], 0 where they carry none.
        started: When the batch started, on the monotonic clock, in seconds.

    Raises:
        InputError: An argument cannot be used; weights are read in ``configure_model``.
    """

    method: ClassVar[str]
    perceptual: PerceptualDistance
    guard: FiniteGuard
    operator: Degradation
    known: Tensor
    observed: Tensor
    started: float
    terms: dict[str, Tensor]

    def __init__(
        self, degradation: Degradation | str, schedule: Sequence[Stage], settings: Mapping[str, object]
    ) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.degradation = parse_degradation(degradation) if isinstance(degradation, str) else degradation
        self.degradation_name = degradation if isinstance(degradation, str) else type(degradation).__name__
        self.schedule = tuple(schedule)
        self.phase = self.schedule[0]
        self.settings = {
            "method": self.method,
            "degradation": " ".join(str(self.degradation).split()),
            **{name: str(value) for name, value in settings.items()},
        }
        self.targets: Sequence[Target] = ()
        self.path: list[PhaseResult] = []

    @property
    @abstractmethod
    def resolution(self) -> int:
        """Side of the restored images in pixels."""

    @abstractmethod
    def configure_model(self) -> None:
        """Read the frozen networks, once, and :meth:`reset`, so that optimisers can be set up."""

    @abstractmethod
    def initial_variables(self, seeds: Sequence[int]) -> dict[str, Tensor]:
        """Where images of these seeds start, each ``[B, ...]``; random numbers come from the seeds alone."""

    @abstractmethod
    def predict(self) -> Tensor:
        """The images that the variables stand for, ``[B, 3, R, R]``, nominally in [0, 1] and not clamped."""

    def forward(self, measured: Tensor, physics: nn.Module | None = None) -> Tensor:
        """Restores tensors, as deepinv's reconstructors do; see :func:`rsi.methods.tensors.restore_tensors`."""
        from rsi.methods.tensors import restore_tensors

        return restore_tensors(self, measured, physics)

    @abstractmethod
    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:
        """One step of every image.

        Returns:
            ``loss``, the mean over the batch, and ``terms``, each term of each image, ``[B]``.
        """

    def latent(self) -> dict[str, Tensor]:
        """What :meth:`draw` makes the images of, each ``[B, ...]``; empty for methods without a latent."""
        return {}

    def draw(self, latent: Mapping[str, Tensor]) -> Tensor:
        """The images ``[B, 3, R, R]`` of a latent, not clamped; methods with a latent or several phases have it."""
        raise NotImplementedError(f"{type(self).__name__} has no latent to draw")

    @property
    def latent_facts(self) -> dict[str, str]:
        """What a file has to say of a latent, so that it can be drawn again."""
        return {"method": self.method, "space": self.path[-1].space}

    @classmethod
    def undoes(cls, degradation: Degradation) -> bool:  # noqa: ARG003 - for others
        """Whether the method is for such a degradation."""
        return True

    def setup(self, stage: str) -> None:  # noqa: ARG002 - Lightning's signature
        """Refuse a Trainer that the method cannot be computed with.

        Raises:
            InputError: Its precision is not supported.
        """
        check_precision(str(self.trainer.precision))

    def on_fit_start(self) -> None:
        """On CPUs, keep freed memory for the next step."""
        if self.device.type == "cpu":
            keep_freed_memory()

    @property
    def steps_per_batch(self) -> int:
        """How many steps every batch of targets takes."""
        return sum(phase.steps for phase in self.schedule)

    @property
    def variables(self) -> dict[str, nn.Parameter]:
        """What the steps change, each ``[B, ...]``; change it in place or through :meth:`set_variables`."""
        return dict(self._variables.items())

    def set_variables(self, variables: Mapping[str, Tensor]) -> None:
        """Take other variables; the optimisers have to be set up anew after it."""
        self._variables = nn.ParameterDict({name: nn.Parameter(value) for name, value in variables.items()})

    def reset(self, seeds: Sequence[int]) -> None:
        """Take the variables that images of these seeds start from, with none of them stopped."""
        self.set_variables(self.initial_variables(seeds))
        self.guard = FiniteGuard(self.variables)

    def start_batch(self, targets: Sequence[Target]) -> None:
        """Take up new targets."""
        self.started = time.monotonic()
        self.targets = targets
        self.operator = self.degradation.bind(targets, self.resolution).to(self.device)
        self.known = torch.stack([target.known for target in targets]).to(self.device)
        self.observed = torch.stack([target.image for target in targets]).to(self.device) * self.known
        self.path = []
        self.prepare_batch()
        self.reset([target.seed for target in targets])

    def prepare_batch(self) -> None:
        """Compute what stays the same for all steps of the batch, from ``operator``, ``observed`` and ``known``."""

    def start_phase(self, phase: Stage) -> None:
        """Begin a phase; the optimisers have to be set up anew after it."""
        self.phase = phase

    def end_phase(self, phase: Stage) -> None:
        """Keep what the batch looks like now."""
        latent = {name: value.detach().clone().cpu() for name, value in self.latent().items()}
        self.path.append(PhaseResult(phase.space, self.render().cpu(), latent))

    def predict_degraded(self, step: int) -> Tensor:
        """The degraded prediction at a step, ``[B, 3, h, w]``, 0 where the target is unknown."""
        predicted = self.predict()
        with full_precision(self.device):
            degraded: Tensor = self.operator(predicted, self.random(step))
        return degraded * self.known

    @torch.no_grad()
    def render(self) -> Tensor:
        """The restored images, ``[B, 3, R, R]`` in [0, 1]."""
        return self.predict().clamp(0, 1)

    def draw_path(self, index: int) -> Picture:
        """Target ``index`` and what it looked like at the end of each phase so far, side by side."""
        captions = ["target", *(result.space for result in self.path)]
        images = [self.targets[index].image, *(result.images[index] for result in self.path)]
        return side_by_side(images, captions, self.resolution)

    @torch.no_grad()
    def fidelity(self) -> Tensor:
        """Perceptual distance of the truly degraded restorations to the targets, ``[B]`` (RSI, evaluation)."""
        distance: Tensor = self.perceptual(self._degraded_again(), self.observed)
        return distance

    @torch.no_grad()
    def fidelity_map(self) -> Tensor:
        """Where the truly degraded restorations differ from the targets, ``[B, h, w]`` in [0, 1].

        The mean over the channels of the absolute difference, 0 where the target is unknown.
        """
        return (self._degraded_again() - self.observed).abs().mean(1)

    def _degraded_again(self) -> Tensor:
        degraded = self.operator.degrade(quantise(self.render()), self.random(FIDELITY_STEP))
        return degraded.to(self.device) * self.known

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the frozen networks; only the variables are ours."""
        state = checkpoint["state_dict"]
        checkpoint["state_dict"] = {name: value for name, value in state.items() if name.startswith("_variables.")}

    def random(self, step: int | str, purpose: str = "degrade") -> ImageRandom:
        """The random numbers of the batch's images for a step and a purpose."""
        return ImageRandom([target.seed for target in self.targets], f"{purpose} {step}", self.device)


def as_method(module: LightningModule) -> RestorationMethod:
    """The module, for callbacks that work on a :class:`RestorationMethod` alone.

    Raises:
        TypeError: It is another LightningModule.
    """
    if not isinstance(module, RestorationMethod):
        raise TypeError(f"rsi's callbacks work on an rsi.RestorationMethod, not on {type(module).__name__}")
    return module
