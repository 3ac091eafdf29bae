"""What all methods of restoration have in common as LightningModules."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic

import torch
from torch import Tensor, nn

from rsi.callbacks.base import PhaseResult, RestoredTarget, Stage, StepTaken, stage_of
from rsi.data.batches import Step, as_step
from rsi.data.image_checks import check_images
from rsi.data.target import Target, in_colour
from rsi.degradations import Degradation
from rsi.degradations.own_sources import modules_of, sources_of
from rsi.degradations.physics import PhysicsDegradation
from rsi.estimation.named import degradation_named
from rsi.methods.batch import Batch, Latent, Observation, Prepared
from rsi.methods.folder_module import FolderModule
from rsi.methods.measurements import as_images, targets_of
from rsi.methods.restored import restored_targets
from rsi.numerics.memory import keep_freed_memory
from rsi.numerics.precision import full_precision
from rsi.numerics.size import Size
from rsi.perceptual import PerceptualDistance, load_perceptual
from rsi.results.saved_batch import SavedBatch
from rsi.storage.fingerprint import fingerprint


class RestorationMethod(FolderModule, ABC, Generic[Prepared]):
    """Restores batches of degraded images, each on its own, in a fixed number of steps.

    One training step is one step of every image. :class:`rsi.callbacks.PhaseScheduler` begins batches and phases;
    without a Trainer :meth:`restore` does. What the steps change is in the ``variables`` of the batch in progress;
    everything else is either constant or follows from the targets, so that a run that was killed goes on from these and
    the optimiser's state alone.

    A subclass sets ``method``, ``resolution`` and ``perceptual``, and gives :meth:`configure_model`, :meth:`prepare`,
    :meth:`initial_variables`, :meth:`predict` and :meth:`take_step`.

    Args:
        degradation: How the images were degraded: a text for :func:`rsi.parse_degradation` or a
            :class:`rsi.degradations.Degradation`.
        schedule: The stages of every batch.
        settings: What else the results depend on, apart from the targets.
        generator: Whose images the targets are like, by name or file; what ``auto`` finds depends on it.
        class_label: The class of these images, if the generator has classes.

    Attributes:
        method: The name that the command line knows it by.
        degradation: How the images were degraded.
        degradation_name: The text that it was given as, or else the name of its class.
        settings: All that the results depend on, apart from the targets; ``configure_model`` completes it.
        sources: What of the user's own all results are made from: that of
            :func:`rsi.degradations.own_sources.sources_of`, the modules of the method and the file of the perceptual
            distance.
        perceptual: The distance that fidelity is measured with; there once ``configure_model`` has run.

    Raises:
        InputError: An argument cannot be used; weights are read in ``configure_model``.
    """

    method: ClassVar[str]
    degradation: Degradation
    degradation_name: str
    perceptual: PerceptualDistance
    _batch: Batch[Prepared] | None

    def __init__(
        self,
        degradation: Degradation | str,
        schedule: Sequence[Stage],
        settings: Mapping[str, object],
        *,
        generator: str = "avatars128",
        class_label: int | str | None = None,
    ) -> None:
        super().__init__()
        self._parse = partial(degradation_named, generator=generator, class_label=class_label)
        self._undo(degradation)
        self.sources = {**sources_of(self.degradation), **modules_of(self)}
        self.schedule = tuple(schedule)
        self.settings = {
            "method": self.method,
            "degradation": _on_one_line(self.degradation),
            **{name: str(value) for name, value in settings.items()},
        }
        self._batch = None

    @property
    @abstractmethod
    def resolution(self) -> Size:
        """The size of the restored images."""

    @abstractmethod
    def configure_model(self) -> None:
        """Read the frozen networks, once."""

    @abstractmethod
    def prepare(self, observation: Observation) -> Prepared:
        """Compute what stays the same for all steps of a batch."""

    @abstractmethod
    def initial_variables(self, observation: Observation, prepared: Prepared) -> dict[str, Tensor]:
        """Where the images start, each ``[B, ...]``; random numbers come from their seeds alone."""

    @abstractmethod
    def predict(self) -> Tensor:
        """The images that the variables stand for, ``[B, 3, H, W]``, nominally in [0, 1] and not clamped."""

    @abstractmethod
    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401
        """One step of every image.

        Args:
            step: The number of the step, from 0 for every batch.
            optimizer: What :meth:`configure_optimizers` has given, or Lightning's wrapper of it.
            backward: Computes gradients of a loss.

        Returns:
            The terms of the loss of each image before the step, ``[B]`` each, ``total`` among them; detached.
        """

    def latent(self) -> dict[str, Tensor]:
        """What :meth:`draw` makes the images of, each ``[B, ...]``; empty for methods without a latent."""
        return {}

    def whole_latent(self) -> dict[str, Tensor]:
        """The latent and what targets add to it, ``[B, ...]`` each: what :meth:`draw` needs and files hold."""
        return self.latent()

    def draw(self, latent: Latent) -> Tensor:
        """The images ``[B, 3, H, W]`` of a latent, not clamped; methods with a latent or several phases have it."""
        raise NotImplementedError(f"{type(self).__name__} has no latent to draw")

    @property
    def latent_facts(self) -> dict[str, str]:
        """What a file has to say of a latent, so that it can be drawn again."""
        return {"method": self.method, "space": self.batch.path[-1].space}

    @property
    def draws_aligned_faces(self) -> bool:
        """The generator is known to draw faces that were cut out as FFHQ's."""
        return False

    @classmethod
    def undoes(cls, degradation: Degradation) -> bool:  # noqa: ARG003 - for others
        """Whether the method is for such a degradation."""
        return True

    @property
    def target_factor(self) -> int | None:
        """How many times smaller than the restored images targets are; ``None`` where each target decides."""
        return self.degradation.factor

    def check_target(self, target: Target) -> None:
        """Make sure that a target can be restored.

        Raises:
            InputError: It lacks what the degradation has to read from it.
        """
        self.degradation.bind([target], self.resolution)

    def bind(self, targets: Sequence[Target], observed: Tensor) -> Degradation:  # noqa: ARG002 - for others
        """The degradation, bound to targets whose pixels are ``observed``, ``[B, 3, h, w]``."""
        return self.degradation.bind(targets, self.resolution).to(self.device)

    def resolved(self) -> dict[str, Any]:
        """The arguments that were left out, as ``configure_model`` has settled them."""
        return {}

    def use_perceptual(self, name: str) -> None:
        """Read a perceptual distance by its name or file, see :func:`rsi.perceptual.load_perceptual`.

        Raises:
            InputError: Its weights cannot be had.
        """
        self.perceptual = load_perceptual(name)
        if Path(name).is_file():
            self.sources["perceptual distance"] = fingerprint(Path(name))

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """Settings and arguments with the values in force, without those that are ``None``."""
        is_text = self.degradation_name != type(self.degradation).__name__
        degradation = self.degradation_name if is_text else _on_one_line(self.degradation)
        values = {**self.settings, **self.hparams, "degradation": degradation, **self.resolved()}
        return {k: v for k, v in values.items() if v not in (None, "None") and not k.startswith("_")}

    @property
    def steps_per_batch(self) -> int:
        """How many steps every batch of targets takes."""
        return sum(stage.steps for stage in self.schedule)

    @property
    def finds_damage(self) -> bool:
        """Whether what happened is looked for in the targets, see :class:`rsi.Degradation`."""
        return self.degradation.finds_damage

    @property
    def batch(self) -> Batch[Prepared]:
        """The batch in progress.

        Raises:
            RuntimeError: There is none.
        """
        if self._batch is None:
            raise RuntimeError("no batch is in progress: begin one, or call super().configure_callbacks() in your own")
        return self._batch

    def observe(self, targets: Sequence[Target]) -> Observation:
        """What is known of some images."""
        known = torch.stack([target.known for target in targets]).to(self.device)
        observed = torch.stack([target.image for target in targets]).to(self.device) * known
        return Observation(targets, self.bind(targets, observed), known, observed)

    def begin_batch(self, targets: Sequence[Target], saved: SavedBatch | None = None) -> None:
        """Take up new targets, where an earlier run has left them if there is such a place."""
        self._batch = None  # the next one may need its memory
        if self.degradation.restores_colour:
            targets = [in_colour(target) for target in targets]
        observation = self.observe(targets)
        prepared = self.prepare(observation)
        self._batch = Batch(observation, prepared, self.initial_variables(observation, prepared), self.schedule[0])
        if saved is not None:
            self._batch.load(saved, self.draw)

    def begin_phase(self, stage: Stage) -> None:
        """Begin a stage, or go on in it; the optimisers have to be set up anew after it."""
        _, first, _ = stage_of(self.schedule, self.batch.step)
        self.batch.begin_stage(stage, in_the_middle=self.batch.step > first)

    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:  # noqa: ARG002 - Lightning's signature
        """One step of every image.

        Returns:
            ``loss``, the mean over the batch, and ``terms``, each term of each image, ``[B]``.
        """
        self._take(batch.index, self.optimizers(), self.manual_backward)
        return {"loss": self.batch.terms["total"].mean(), "terms": self.batch.terms}

    def predict_degraded(self, step: int) -> Tensor:
        """The degraded prediction at a step, ``[B, 3, h, w]``, 0 where the target is unknown."""
        seen, predicted = self.batch.observation, self.predict()
        with full_precision(self.device):
            degraded: Tensor = seen.operator(predicted, seen.random(f"degrade {step}"))
        return degraded * seen.known

    @torch.no_grad()
    def render(self) -> Tensor:
        """The restored images, ``[B, 3, H, W]`` in [0, 1]."""
        return self.predict().clamp(0, 1)

    def step_taken(self, stage: Stage, index: int, optimizers: Sequence[Any]) -> StepTaken:
        """Count a step that was just taken, and say what it has done.

        Args:
            stage: The stage that it belongs to.
            index: Its number, from 0 for every batch.
            optimizers: Those of the stage; empty for methods without one.
        """
        batch, (_, first, last) = self.batch, stage_of(self.schedule, index)
        batch.step = index + 1
        return StepTaken(
            targets=batch.targets,
            stage=stage,
            index=index,
            begins_stage=index == first,
            ends_stage=index == last,
            ends_batch=index + 1 == self.steps_per_batch,
            terms=batch.terms,
            step_size=optimizers[0].param_groups[0]["lr"] if optimizers else None,
            measure=batch.measures,
            draw=lambda: self.render().cpu(),
            degrade=torch.no_grad()(lambda: self.predict_degraded(index).cpu()),
            save=lambda: batch.save(optimizers),
        )

    def end_phase(self) -> PhaseResult:
        """Keep what the batch looks like now."""
        latent = {name: value.detach().clone().cpu() for name, value in self.whole_latent().items()}
        result = PhaseResult(self.batch.stage.space, self.render().cpu(), latent)
        self.batch.path.append(result)
        return result

    def restored(self) -> list[RestoredTarget]:
        """What has become of the batch, after its last phase."""
        return restored_targets(self.batch, self.perceptual, self.degradation_name, self.latent_facts)

    @torch.enable_grad()
    def restore(
        self,
        targets: Sequence[Target],
        on_step: Callable[[], object] | None = None,
        *,
        step_context: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> Tensor:
        """Restore a batch without a Trainer, once :meth:`configure_model` has run.

        Args:
            targets: The batch.
            on_step: Called after every step.
            step_context: Makes the context that each step is taken in.

        Returns:
            The images, ``[B, 3, H, W]`` in [0, 1], on the CPU.
        """
        self.begin_batch(targets)
        for stage in self.schedule:
            self.begin_phase(stage)
            optimizer = self.configure_optimizers()
            for _ in range(stage.steps):
                with step_context():
                    self._take(self.batch.step, optimizer, torch.autograd.backward)
                self.batch.step += 1
                if on_step is not None:
                    on_step()
            self.end_phase()
        return self.batch.path[-1].images

    @torch.inference_mode(False)
    def predict_step(self, batch: Step, batch_idx: int) -> list[RestoredTarget]:  # noqa: ARG002 - Lightning's signature
        """Restore a batch for ``Trainer.predict``, which returns a list of these for every batch of the folder.

        Raises:
            InputError: It is no batch of an :class:`rsi.TargetFolder`.
        """
        with full_precision(self.device):  # as in fit, where Lightning rounds in steps alone
            self.restore(as_step(batch).targets, step_context=self.trainer.precision_plugin.train_step_context)
            return self.restored()

    def forward(self, measured: Tensor, physics: nn.Module | None = None) -> Tensor:
        """Restores a batch of measurements, as deepinv's reconstructors do.

        Args:
            measured: ``[B, 3, h, w]`` in [0, 1], or what ``physics`` measures of ``[B, 3, H, W]``.
            physics: A ``deepinv.physics.Physics`` to undo instead of the module's own degradation.

        Returns:
            ``[B, 3, H, W]`` in [0, 1], on the device of ``measured``.

        Raises:
            InputError: The measurements are no images or the degradation does not fit them, or the caller is inside
                ``torch.inference_mode``.
        """
        images = as_images(measured, physics)
        targets = targets_of(images)
        self.configure_model()
        self.to(measured.device)
        if physics is not None:
            with self.undoing(PhysicsDegradation(physics).bind(targets, self.resolution)):
                return self.restore(targets).to(measured.device)
        check_images(images, like=self.resolution)
        factor = self.degradation.bind(targets, self.resolution).factor
        check_images(images, self.resolution // factor if factor else None)
        return self.restore(targets).to(measured.device)

    @contextmanager
    def undoing(self, degradation: Degradation | str) -> Iterator[None]:
        """In this block restore images of another degradation, given as to the method itself.

        Raises:
            InputError: The text names none.
        """
        own = self.degradation, self.degradation_name
        self._undo(degradation)
        try:
            yield
        finally:
            self.degradation, self.degradation_name = own

    def _undo(self, degradation: Degradation | str) -> None:
        if isinstance(degradation, str):
            self.degradation, self.degradation_name = self._parse(degradation), degradation
        else:
            self.degradation, self.degradation_name = degradation, type(degradation).__name__

    def _take(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> None:  # noqa: ANN401
        """Take a step; on CPUs, keep freed memory for the next ones.

        Not for the first: what libraries allocate for good at their first call would lie between the maps of the next
        step, which would not fit any more.
        """
        self.batch.terms = self.take_step(step, optimizer, backward)
        if self.device.type == "cpu":
            keep_freed_memory()


def _on_one_line(degradation: Degradation) -> str:
    """How a degradation describes itself."""
    return " ".join(str(degradation).split())
