"""The restoration of a batch of images as a LightningModule."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from rsi.data.batches import Step
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask, with_kept_pixels
from rsi.generators import LrScale, step_scale
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.latents import expand, initial_codes
from rsi.methods.loss import LossName, MultiresolutionLoss, TargetPyramid
from rsi.methods.ngd import OptimizerName, make_optimizer
from rsi.methods.schedule import PAPER_SCHEDULE, Phase, check_schedule, step_in_phase
from rsi.numerics.per_image import gradient_at_once, in_parallel, one_by_one, parts
from rsi.numerics.precision import full_precision
from rsi.numerics.randomness import ImageRandom


@dataclass(frozen=True)
class Part:
    """Images of a batch whose losses are computed together.

    Attributes:
        seeds: The seeds of their random numbers.
        operator: The degradation, bound to them.
        pyramid: What the loss compares them with.
        known: ``[B, 1, h, w]``, 1 where they carry information.
    """

    seeds: list[int]
    operator: Degradation
    pyramid: TargetPyramid
    known: Tensor

    def random(self, purpose: str) -> ImageRandom:
        """Their random numbers for a purpose."""
        return ImageRandom(self.seeds, purpose, self.known.device)


class Restoration(GeneratorMethod):
    """Restores batches of degraded images, each image's latent optimised on its own (RSI, section 4).

    The only variable is ``codes``, those of the current phase for the current batch. One training step is one step of
    every image. :class:`rsi.callbacks.PhaseScheduler` starts batches and phases.

    Args:
        generator: ``avatars128``, the embedded demonstration prior, another name or a file; see
            :func:`rsi.generators.load_generator`.
        degradation: How the images were degraded: ``upsample``, ``noise``, ``jpeg``, ``inpaint``, some of them
            joined with ``+`` in the order they happened, or a :class:`rsi.degradations.Degradation`.
        perceptual: ``lpips-vgg``, the path of its VGG16 file, or ``embedded``; left out, the one made for the
            generator.
        schedule: The phases, as space, steps, lr and, if it changes, final_lr each; left out, the paper's.
        loss: ``program`` as in the authors' released program, ``paper`` as in equation 9, or ``single``, an ablation
            at the target's own size alone.
        lr_scale: Multiplies the step sizes for generators whose W has another scale than FFHQ's, ``auto`` by what the
            generator's own measures; left out, what its file or the zoo recommend, or else ``auto``.
        optimizer: ``ngd``, the method's, or ``adam``, an ablation; see :func:`rsi.methods.ngd.make_optimizer`.
        class_label: The class of a conditional generator, from 0.
        keep_mask: Which pixels noise drops in the approximation: ``random`` ones, as in RSI, or those that the
            ``target`` lacks, where they can be seen; see :func:`rsi.degradations.kept_pixels.with_kept_pixels`.
        start_spread: Where further samples of an image start in W: so far from the mean code towards a random one, 0 to
            1. The first sample starts at the mean code, as in RSI.

    Raises:
        InputError: An argument cannot be used; generator and perceptual weights are read in ``configure_model``.
    """

    method = "rsi"
    schedule: tuple[Phase, ...]
    phase: Phase

    def __init__(
        self,
        generator: str = "avatars128",
        degradation: Degradation | str = "jpeg",
        perceptual: str | None = None,
        schedule: list[Phase] | None = None,
        loss: LossName = "program",
        lr_scale: LrScale = None,
        optimizer: OptimizerName = "ngd",
        class_label: int | None = None,
        keep_mask: KeepMask = "random",
        start_spread: float = 0.5,
    ) -> None:
        phases = check_schedule(PAPER_SCHEDULE if schedule is None else schedule)
        settings = {
            "schedule": "; ".join(map(str, phases)),
            "loss": loss,
            "lr_scale": lr_scale,
            "optimizer": optimizer,
            "keep_mask": keep_mask,
            "start_spread": start_spread,
        }
        super().__init__(generator, degradation, perceptual, phases, settings, class_label)
        self.save_hyperparameters(ignore=["degradation", "schedule"])
        self.loss_variant = loss
        self.lr_scale = lr_scale
        self.optimizer_name = optimizer
        self.keep_mask = keep_mask
        self.start_spread = start_spread

    @property
    def codes(self) -> nn.Parameter:
        """The codes of the current phase, ``[B, ..., w_dim]``."""
        return self.variables["codes"]

    def prepare_model(self) -> None:
        """Settle the step scale and the loss."""
        self.step_scale = step_scale(self.generator, self.lr_scale)
        self.loss = MultiresolutionLoss(self.perceptual, self.loss_variant)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser of the codes, with the step size of the current phase."""
        return make_optimizer(self.optimizer_name, self.codes, self.phase.lr * self.step_scale)

    def initial_variables(self, seeds: Sequence[int]) -> dict[str, Tensor]:
        """Every image at the generator's mean code; further samples of one on the way to a random code."""
        codes = initial_codes(self.generator.w_avg, len(seeds))
        spread = [self.start_spread * (target.sample > 0) for target in self.targets]
        if any(spread):
            z = ImageRandom(seeds, "start", self.device).normal((self.generator.mapping.z_dim,))
            with torch.no_grad():
                codes += codes.new_tensor(spread)[:, None] * (one_by_one(self.generator.mapping, z) - codes)
        return {"codes": codes}

    def prepare_batch(self) -> None:
        """Prepare the targets for the loss."""
        self.parts: list[Part] = []  # the next ones may need their memory
        self.parts = [self._part(images) for images in parts(len(self.targets), self.device)]

    def _part(self, images: slice) -> Part:
        targets, known = self.targets[images], self.known[images]
        operator = self.degradation.bind(targets, self.resolution).to(self.device)
        if self.keep_mask == "target":
            operator = with_kept_pixels(operator, self.observed[images])
        return Part(
            [target.seed for target in targets], operator, self.loss.prepare(self.observed[images], known), known
        )

    def start_phase(self, phase: Phase) -> None:  # type: ignore[override]
        """Expand the codes to the space of the phase; the optimisers have to be set up anew after it."""
        self.set_variables({"codes": expand(self.codes.detach(), phase.space, self.generator.filters)})
        self.guard.kept = {"codes": expand(self.guard.kept["codes"], phase.space, self.generator.filters)}
        self.phase = phase

    def latent(self) -> dict[str, Tensor]:
        """The codes, which are the latent as it is."""
        return {"codes": self.codes}

    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:
        """One step of every image, with the step size of the schedule."""
        optimizer: Any = self.optimizers()
        for group in optimizer.param_groups:
            group["lr"] = optimizer.defaults["lr"] * self.phase.lr_factor(step_in_phase(self.schedule, batch.index))
        return super().training_step(batch, batch_idx)

    def losses(self, step: int) -> dict[str, Tensor]:
        """The terms of the multi-resolution loss."""
        codes = torch.split(self.codes, [len(part.seeds) for part in self.parts])
        jobs = [
            partial(gradient_at_once, partial(self._losses, part, step), of_part)
            for part, of_part in zip(self.parts, codes, strict=True)
        ]
        losses = in_parallel(jobs, self.resolution)
        return {name: torch.cat([terms[name] for terms in losses]) for name in losses[0]}

    def _losses(self, part: Part, step: int, codes: Tensor) -> dict[str, Tensor]:
        images = self.draw({"codes": codes})
        with full_precision(self.device):
            degraded = part.operator(images, part.random(f"degrade {step}")) * part.known
        terms: dict[str, Tensor] = self.loss(degraded, part.pyramid, part.random(f"fill {step}"))
        return terms
