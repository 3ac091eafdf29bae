"""What the methods that optimise the latent of a generator have in common."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from rsi.callbacks.base import Stage
from rsi.data.target import Target
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask, with_kept_pixels
from rsi.degradations.without_colour import compared_without_colour
from rsi.errors import InputError
from rsi.generators import Generator, GeneratorInfo, load_generator, select_class
from rsi.log import tell_once
from rsi.methods.base import RestorationMethod
from rsi.methods.batch import Latent, Prepared
from rsi.methods.latents import MOTION, draw_latent
from rsi.numerics.per_image import threads_of_an_image
from rsi.numerics.precision import full_precision
from rsi.numerics.size import Size


class GeneratorMethod(RestorationMethod[Prepared]):
    """A method that follows the gradient of a loss in a latent space of a frozen generator.

    A subclass gives :meth:`prepare_model`, ``prepare``, ``initial_variables``, ``latent``, :meth:`losses` and
    :meth:`make_optimizer`.

    Args:
        generator: ``avatars128``, the embedded demonstration prior, another name or a file; see
            :func:`rsi.generators.load_generator`.
        degradation: See :class:`rsi.methods.base.RestorationMethod`.
        perceptual: ``lpips-vgg``, the path of its VGG16 file, or ``embedded``; left out, the one made for the
            generator.
        schedule: See :class:`rsi.methods.base.RestorationMethod`.
        settings: See :class:`rsi.methods.base.RestorationMethod`; generator, perceptual and class_label are added.
        class_label: The class of a conditional generator, from 0, or its name in ImageNet.

    Attributes:
        generator: The generator; there once ``configure_model`` has run.
        keep_mask: Which pixels the approximation of noise loses: those that the ``target`` lacks, or ``random`` ones,
            others at every step; see :func:`rsi.degradations.kept_pixels.with_kept_pixels`.
    """

    generator: Generator
    keep_mask: KeepMask = "random"

    def __init__(
        self,
        generator: str,
        degradation: Degradation | str,
        perceptual: str | None,
        schedule: Sequence[Stage],
        settings: Mapping[str, object],
        class_label: int | str | None = None,
    ) -> None:
        label = {} if class_label is None else {"class_label": class_label}
        settings = {"generator": generator, "perceptual": perceptual, **settings, **label}
        super().__init__(degradation, schedule, settings, generator=generator, class_label=class_label)
        self.class_label = class_label
        self.generator_name = generator
        self.perceptual_name = perceptual

    @abstractmethod
    def make_optimizer(self) -> Optimizer:
        """The optimiser of the variables of the batch in progress; it moves every image as if it were alone."""

    @abstractmethod
    def losses(self, step: int) -> dict[str, Tensor]:
        """The terms of each image's loss at a step, ``[B]`` each, and what is minimised as ``total``."""

    @property
    def resolution(self) -> Size:
        """The size of the generator's images."""
        return self.generator.resolution

    @property
    def draws_aligned_faces(self) -> bool:
        """The generator is known to draw faces that were cut out as FFHQ's."""
        return self.generator.info.draws_aligned_faces

    def configure_model(self) -> None:
        """Read generator and perceptual network, once, and settle what was left to the generator."""
        if hasattr(self, "generator"):
            return
        self.generator = select_class(load_generator(self.generator_name), self.class_label)
        info = self.generator.info
        self.perceptual_name = self.perceptual_name or ("embedded" if info.embedded else "lpips-vgg")
        self.settings["generator"] = info.identity or self.generator_name
        _tell_choices(info, self.perceptual_name)
        self.use_perceptual(self.perceptual_name)
        self.prepare_model()

    def resolved(self) -> dict[str, Any]:
        """The perceptual distance, and the generator by the name that was given."""
        return {"generator": self.generator_name, "perceptual": self.perceptual_name}

    def bind(self, targets: Sequence[Target], observed: Tensor) -> Degradation:
        """The degradation, bound to targets with the pixels ``observed``, ``[B, 3, h, w]``; grey ones in grey."""
        operator = super().bind(targets, observed)
        if self.keep_mask == "target":
            operator = with_kept_pixels(operator, observed)
        return compared_without_colour(operator, targets).to(self.device)

    def prepare_model(self) -> None:
        """Compute what follows from the networks alone."""

    def configure_optimizers(self) -> Optimizer | list[Optimizer]:
        """The optimiser of the batch in progress; none as long as there is no batch."""
        return [] if self._batch is None else self.make_optimizer()

    def check_target(self, target: Target) -> None:
        """Make sure that a target can be restored.

        Raises:
            InputError: It lacks what the degradation has to read from it, or the generator's picture cannot be moved.
        """
        super().check_target(target)
        if target.motion is not None and not self.generator.synthesis.pose_slots:
            raise InputError(
                "--align transform moves the generator's picture, which StyleGAN2's cannot: use --align crop"
            )

    def predict(self) -> Tensor:
        """The images of the latent, ``[B, 3, H, W]``, nominally in [0, 1] and not clamped."""
        return self.draw(self.whole_latent())

    def whole_latent(self) -> dict[str, Tensor]:
        """The latent, and ``[B, 3, 3]``, how the targets have the pictures moved."""
        return {**self.latent(), **self.motion(self.batch.targets)}

    def draw(self, latent: Latent) -> Tensor:
        """The images ``[B, 3, H, W]`` of a latent, see :func:`rsi.methods.latents.draw_latent`; not clamped."""
        return draw_latent(self.generator, latent)

    def motion(self, targets: Sequence[Target]) -> dict[str, Tensor]:
        """The part of the latent, ``[B, 3, 3]``, that moves the generator's pictures; empty if none is moved."""
        motions = [target.motion for target in targets]
        if all(motion is None for motion in motions):
            return {}
        moved = [torch.eye(3) if motion is None else motion for motion in motions]
        return {MOTION: torch.stack(moved).to(self.generator.w_avg)}

    @property
    def latent_facts(self) -> dict[str, str]:
        """Method, space, generator and the checksum of the generator's file."""
        checksum = self.generator.info.identity
        return {**super().latent_facts, "generator": self.generator_name, "generator_sha256": checksum}

    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401
        """One step of every image; losses are summed, so that the path of an image is its own."""
        variables, guard = self.batch.variables, self.batch.guard
        terms = self.losses(step)
        optimizer.zero_grad()
        with full_precision(self.device), threads_of_an_image(max(self.resolution)):
            backward(terms["total"].sum())
        guard.watch(variables, terms["total"].detach(), step)
        self.move(optimizer)
        guard.hold(variables)
        return {name: value.detach() for name, value in terms.items()}

    def move(self, optimizer: Any) -> None:  # noqa: ANN401 - Lightning's wrapper of it, too
        """Change the variables by their gradients."""
        optimizer.step()


def _tell_choices(info: GeneratorInfo, perceptual: str) -> None:
    demonstration = ", the embedded demonstration prior (cartoon faces, 128 px): choose another with --generator FILE"
    tell_once(f"generator: {info.name}{demonstration}" if info.embedded else f"generator: {info.source or info.name}")
    for assumption in info.assumed:
        tell_once(f"assumed of the generator: {assumption}")
    tell_once(f"perceptual distance: {perceptual}")
