"""What happens while a folder is restored, and the callbacks that are told.

:class:`rsi.callbacks.PhaseScheduler` drives the module and calls the hooks below on every other callback, in the order
of the trainer's list. What it hands over is computed once and frozen: a callback writes, draws or counts it and asks
nothing of the module.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from PIL import Image
from pytorch_lightning import Callback
from torch import Tensor

from rsi.data.folder import TargetFolder
from rsi.data.pictures import side_by_side
from rsi.data.target import Target
from rsi.results.saved_batch import SavedBatch


@dataclass(frozen=True)
class Stage:
    """A stretch of the steps of a batch; every method has one or more.

    Attributes:
        space: What it is called in pictures, tables and logs.
        steps: How many steps it takes.
    """

    space: str
    steps: int

    @property
    def cost(self) -> float:
        """What a step costs beside one of another stage, roughly; asked until enough steps were measured."""
        return 1.0


def stage_of(schedule: Sequence[Stage], step: int) -> tuple[Stage, int, int]:
    """The stage that a step of a batch belongs to, and the numbers of its first and last step."""
    first = 0
    for stage in schedule:
        if step < first + stage.steps:
            return stage, first, first + stage.steps - 1
        first += stage.steps
    raise ValueError(f"step {step} is beyond the {first} steps of the schedule")


@dataclass(frozen=True)
class Run:
    """What stays the same while a folder is restored.

    Attributes:
        settings: All that the results depend on, apart from the targets.
        hyperparameters: What the run was asked for, with the values in force.
        schedule: The stages of every batch, in order.
        data: Where the targets come from; ``None`` where they are no folder's.
        precision: The Trainer's.
        rank: The number of this process.
        world_size: How many processes there are.
        draws_aligned_faces: The generator is known to draw faces that were cut out as FFHQ's.
    """

    settings: Mapping[str, str]
    schedule: Sequence[Stage]
    data: TargetFolder | None
    precision: str = "32-true"
    rank: int = 0
    world_size: int = 1
    draws_aligned_faces: bool = False
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How many steps every batch takes."""
        return sum(stage.steps for stage in self.schedule)

    @property
    def folder(self) -> TargetFolder:
        """The folder that the targets come from.

        Raises:
            TypeError: They come from somewhere else.
        """
        if self.data is None:
            raise TypeError("this callback works on the images of a folder: pass an rsi.TargetFolder as datamodule")
        return self.data


@dataclass(frozen=True)
class PhaseResult:
    """What a batch looks like at the end of a phase.

    Attributes:
        space: The name of the phase.
        images: ``[B, 3, R, R]`` in [0, 1], on the CPU.
        latent: What the images can be drawn of again, each ``[B, ...]``, on the CPU.
    """

    space: str
    images: Tensor
    latent: Mapping[str, Tensor] = field(default_factory=dict)

    @property
    def codes(self) -> Tensor:
        """The style codes, ``[B, ..., w_dim]``, for methods with a generator."""
        return self.latent["codes"]


@dataclass(frozen=True)
class BatchBegun:
    """A batch whose restoration begins or goes on.

    Attributes:
        targets: Its targets.
        step: The step that comes next, 0 unless an earlier run has left the batch in the middle.
    """

    targets: Sequence[Target]
    step: int


@dataclass(frozen=True)
class StepTaken:
    """A step of every image of a batch.

    It holds the memory of the batch: who keeps one lets go of it when the next batch begins.

    Attributes:
        targets: The batch.
        stage: The stage that the step belongs to.
        index: The number of the step, from 0 for every batch.
        begins_stage: It is the first of its stage.
        ends_stage: It is the last of its stage.
        ends_batch: It is the last of all.
        terms: The terms of the loss of each image, ``[B]`` each; what is minimised is ``total``.
        step_size: The step size of the optimiser; ``None`` for methods without one.
        measure: See :attr:`measures`.
        draw: See :attr:`images`.
        degrade: See :attr:`degraded`.
        save: The batch as it is now, to go on from in another run.
    """

    targets: Sequence[Target]
    stage: Stage
    index: int
    begins_stage: bool
    ends_stage: bool
    ends_batch: bool
    terms: Mapping[str, Tensor]
    step_size: float | None
    measure: Callable[[], dict[str, Tensor]]
    draw: Callable[[], Tensor]
    degrade: Callable[[], Tensor]
    save: Callable[[], SavedBatch]

    @property
    def loss(self) -> Tensor:
        """The mean of the images' losses before the step, a scalar."""
        return self.terms["total"].mean()

    @cached_property
    def measures(self) -> dict[str, Tensor]:
        """``gradient_norm`` and ``distance`` from the start of the stage, where there are such, ``[B]`` each."""
        return self.measure()

    @cached_property
    def images(self) -> Tensor:
        """The images after the step, ``[B, 3, R, R]`` in [0, 1], on the CPU; drawn when first asked for."""
        return self.draw()

    @cached_property
    def degraded(self) -> Tensor:
        """Those images degraded, ``[B, 3, h, w]``, 0 where the targets are unknown, on the CPU."""
        return self.degrade()


@dataclass(frozen=True)
class RestoredTarget:
    """One restored image.

    Attributes:
        target: What it was restored from.
        together: The names of the targets of its batch, in order.
        image: ``[3, R, R]`` in [0, 1], on the CPU.
        path: What it looked like at the end of each phase: the phase's name and ``[3, R, R]``, in order.
        latent: What it can be drawn of again.
        latent_facts: What a file has to say of the latent.
        fidelity: Perceptual distance of the truly degraded restoration to the target; 0 is a perfect match.
        explained: The share of the target that the image of the first phase explains, see
            :func:`rsi.methods.explained.share_explained`.
        fidelity_map: Where the two differ, ``[h, w]`` in [0, 1], 0 where the target is unknown.
        terms: The terms of the loss at the last step.
        stopped_at: The step at which it was stopped, since its loss or gradient was not finite; ``None`` if it was not.
        degradation: The name of the degradation that was undone.
        parameters: Its parameters in force for this target.
        seconds: The image's share of the time of its batch.
    """

    target: Target
    together: Sequence[str]
    image: Tensor
    path: Sequence[tuple[str, Tensor]]
    latent: Mapping[str, Tensor]
    latent_facts: Mapping[str, str]
    fidelity: float
    explained: float
    fidelity_map: Tensor
    terms: Mapping[str, float]
    stopped_at: int | None
    degradation: str
    parameters: Mapping[str, float | str]
    seconds: float

    @property
    def name(self) -> str:
        """The name of what it was restored from."""
        return self.target.name

    def to(self, device: torch.device | str) -> "RestoredTarget":
        """The same with what was found, but not its target, on a device; Lightning asks it of predictions."""
        return replace(
            self,
            image=self.image.to(device),
            path=[(space, image.to(device)) for space, image in self.path],
            latent={name: value.to(device) for name, value in self.latent.items()},
            fidelity_map=self.fidelity_map.to(device),
        )

    @property
    def loss(self) -> float:
        """The loss before the last step."""
        return self.terms["total"]

    @property
    def framed(self) -> Tensor:
        """The part of the image that the file's picture fills, ``[3, H, W]``."""
        scale = self.image.shape[-1] // self.target.image.shape[-1]
        left, top, width, height = (scale * value for value in self.target.frame)
        return self.image[:, top : top + height, left : left + width]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was done to make the file fit, and that it was stopped, in words."""
        if self.stopped_at is None:
            return self.target.notes
        return (f"stopped at step {self.stopped_at}: its loss or gradient was not finite", *self.target.notes)

    def draw_path(self) -> Image.Image:
        """The target and the image at the end of each phase, side by side."""
        captions, images = zip(("target", self.target.image), *self.path, strict=True)
        return side_by_side(images, captions, max(self.image.shape[-2:]))


class RestorationCallback(Callback):
    """A callback that is told what happens to the images; Lightning's own hooks are there, too.

    A subclass gives the hooks that it needs. Put it after :class:`rsi.callbacks.PhaseScheduler`, which calls them.
    """

    def run_begins(self, run: Run) -> None:
        """The networks are read; no target is."""

    def batch_begins(self, run: Run, batch: BatchBegun) -> None:
        """A batch begins, or goes on where an earlier run has left it; it has taken no memory yet."""

    def phase_begins(self, run: Run, stage: Stage) -> None:
        """The codes of the batch are those of the phase, and the optimiser is new."""

    def step_taken(self, run: Run, step: StepTaken) -> None:
        """Every image of the batch has taken a step."""

    def phase_ends(self, run: Run, result: PhaseResult) -> None:
        """A phase of the batch has ended."""

    def batch_restored(self, run: Run, images: Sequence[RestoredTarget]) -> None:
        """All steps of the batch are taken."""

    def folder_done(self, run: Run) -> None:
        """All images of this process are restored or have failed."""

    def run_interrupted(self, run: Run) -> None:
        """The run ends between two steps and before its images are restored: by a signal, ``max_time`` or the like."""
