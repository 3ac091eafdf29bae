"""The restoration of a batch of images as a LightningModule."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL.Image import Image as Picture
from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from rsi.data.batches import Step
from rsi.data.target import Target
from rsi.degradations import Degradation, parse_degradation, quantise
from rsi.finite import FiniteGuard
from rsi.generators import GeneratorInfo, load_generator, w_rms
from rsi.latents import expand, initial_codes
from rsi.log import tell_once
from rsi.losses import LossName, MultiresolutionLoss
from rsi.optim import OptimizerName, make_optimizer
from rsi.perceptual import load_perceptual
from rsi.phases import PAPER_SCHEDULE, Phase, Space, check_schedule
from rsi.pictures import side_by_side
from rsi.randomness import ImageRandom

FFHQ_W_RMS = 9.95
FIDELITY_STEP = -1


@dataclass(frozen=True)
class PhaseResult:
    """What a batch looked like at the end of a phase.

    Attributes:
        space: The latent space of the phase.
        codes: ``[B, ..., w_dim]``, on the CPU.
        images: ``[B, 3, R, R]`` in [0, 1], on the CPU.
    """

    space: Space
    codes: Tensor
    images: Tensor


class Restoration(LightningModule):
    """Restores batches of degraded images, each image's latent optimised on its own (RSI, section 4).

    The only trained parameter is ``latent``, the codes of the current phase for the current batch. One training step is
    one step of every image. :class:`rsi.callbacks.PhaseScheduler` starts batches and phases.

    Args:
        generator: ``avatars128``, the embedded demonstration prior, or a file: our ``.safetensors`` or NVIDIA's
            StyleGAN2-ADA ``.pkl``.
        degradation: How the images were degraded: ``upsample``, ``noise``, ``jpeg``, ``inpaint``, some of them
            joined with ``+`` in the order they happened, or a :class:`rsi.degradations.Degradation`.
        perceptual: ``lpips-vgg``, the path of its VGG16 file, or ``embedded``; left out, the one made for the
            generator.
        schedule: The phases, as space, steps and lr each; left out, the paper's.
        loss: ``program`` as in the authors' released program, ``paper`` as in equation 9, or ``single``, an ablation
            at the target's own size alone.
        lr_scale: Multiplies the step sizes for generators whose W has another scale than FFHQ's; left out, the
            generator's own.
        optimizer: ``ngd``, the method's, or ``adam``, an ablation; see :func:`rsi.optim.make_optimizer`.

    Attributes:
        settings: All that the results depend on, apart from the targets; ``configure_model`` completes it.
        guard: Which images of the batch were stopped because their numbers were not finite.
        started: When the batch started, on the monotonic clock, in seconds.

    Raises:
        InputError: An argument cannot be used; generator and perceptual weights are read in ``configure_model``.
    """

    def __init__(
        self,
        generator: str = "avatars128",
        degradation: Degradation | str = "jpeg",
        perceptual: str | None = None,
        schedule: list[Phase] | None = None,
        loss: LossName = "program",
        lr_scale: float | None = None,
        optimizer: OptimizerName = "ngd",
    ) -> None:
        super().__init__()
        self.save_hyperparameters(ignore=["degradation", "schedule"])
        self.automatic_optimization = False
        self.generator_name = generator
        self.degradation = parse_degradation(degradation) if isinstance(degradation, str) else degradation
        self.degradation_name = degradation if isinstance(degradation, str) else type(degradation).__name__
        self.perceptual_name = perceptual
        self.schedule = check_schedule(PAPER_SCHEDULE if schedule is None else schedule)
        self.loss_variant = loss
        self.lr_scale = lr_scale
        self.optimizer_name = optimizer
        self.settings = {
            "generator": generator,
            "degradation": " ".join(str(self.degradation).split()),
            "perceptual": str(perceptual),
            "schedule": "; ".join(f"{phase.space} {phase.steps} x {phase.lr}" for phase in self.schedule),
            "loss": loss,
            "lr_scale": str(lr_scale),
            "optimizer": optimizer,
        }
        self.phase = self.schedule[0]
        self.targets: Sequence[Target] = ()
        self.path: list[PhaseResult] = []

    def configure_model(self) -> None:
        """Read the frozen networks, once, and settle what was left to the generator."""
        if hasattr(self, "generator"):
            return
        self.generator = load_generator(self.generator_name)
        info = self.generator.info
        self.perceptual_name = self.perceptual_name or ("embedded" if info.embedded else "lpips-vgg")
        self.step_scale = self.lr_scale or info.lr_scale or w_rms(self.generator) / FFHQ_W_RMS
        self.settings["generator"] = info.sha256 or self.generator_name
        _tell_choices(info, self.perceptual_name)
        self.loss = MultiresolutionLoss(load_perceptual(self.perceptual_name), self.loss_variant)
        self.latent = nn.Parameter(initial_codes(self.generator.w_avg, 1))
        self.guard = FiniteGuard(self.latent)

    def configure_optimizers(self) -> Optimizer:
        """The optimiser of the latent, with the step size of the current phase."""
        return make_optimizer(self.optimizer_name, self.latent, self.phase.lr * self.step_scale)

    @property
    def steps_per_batch(self) -> int:
        """How many steps every batch of targets takes."""
        return sum(phase.steps for phase in self.schedule)

    def start_batch(self, targets: Sequence[Target]) -> None:
        """Take up new targets, every image at the generator's mean code."""
        self.started = time.monotonic()
        self.targets = targets
        self.operator = self.degradation.bind(targets, self.generator.resolution).to(self.device)
        self.known = torch.stack([target.known for target in targets]).to(self.device)
        self.observed = torch.stack([target.image for target in targets]).to(self.device) * self.known
        self.pyramid = self.loss.prepare(self.observed, self.known)
        self.latent = nn.Parameter(initial_codes(self.generator.w_avg, len(targets)))
        self.guard = FiniteGuard(self.latent)
        self.path = []

    def start_phase(self, phase: Phase) -> None:
        """Expand the latent to the space of the phase; the optimisers have to be set up anew after it."""
        self.latent = nn.Parameter(expand(self.latent.detach(), phase.space, self.generator.filters))
        self.guard.expand(phase.space, self.generator.filters)
        self.phase = phase

    def end_phase(self, phase: Phase) -> None:
        """Keep what the batch looks like now."""
        self.path.append(PhaseResult(phase.space, self.latent.detach().clone().cpu(), self.render().cpu()))

    def predict_degraded(self, step: int) -> Tensor:
        """The degraded prediction at a step, ``[B, 3, h, w]``, 0 where the target is unknown."""
        degraded: Tensor = self.operator(self.generator.synthesis(self.latent), self._random(step))
        return degraded * self.known

    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:  # noqa: ARG002 - Lightning's signature
        """One step of every image.

        Returns:
            ``loss``, the mean over the batch, and ``terms``, each term of each image, ``[B]``.
        """
        optimizer: Any = self.optimizers()
        with optimizer.toggle_model(sync_grad=False):
            terms = self.loss(self.predict_degraded(batch.index), self.pyramid, self._random(batch.index, "fill"))
            optimizer.zero_grad()
            self.manual_backward(terms["total"].sum())
            self.guard.watch(self.latent, terms["total"].detach(), batch.index)
            optimizer.step()
            self.guard.hold(self.latent)
        self.terms = {name: value.detach() for name, value in terms.items()}
        return {"loss": self.terms["total"].mean(), "terms": self.terms}

    @torch.no_grad()
    def render(self) -> Tensor:
        """The restored images of the current latent, ``[B, 3, R, R]`` in [0, 1]."""
        images: Tensor = self.generator.synthesis(self.latent).clamp(0, 1)
        return images

    def draw_path(self, index: int) -> Picture:
        """Target ``index`` and what it looked like at the end of each phase so far, side by side."""
        captions = ["target", *(result.space for result in self.path)]
        images = [self.targets[index].image, *(result.images[index] for result in self.path)]
        return side_by_side(images, captions, self.generator.resolution)

    @torch.no_grad()
    def fidelity(self) -> Tensor:
        """Perceptual distance of the truly degraded restorations to the targets, ``[B]`` (RSI, evaluation)."""
        degraded = self.operator.degrade(quantise(self.render()), self._random(FIDELITY_STEP))
        distance: Tensor = self.loss.perceptual(degraded.to(self.device) * self.known, self.observed)
        return distance

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Leave out the frozen networks; only the latent is ours."""
        checkpoint["state_dict"] = {"latent": checkpoint["state_dict"]["latent"]}

    def _random(self, step: int, purpose: str = "degrade") -> ImageRandom:
        return ImageRandom([target.seed for target in self.targets], f"{purpose} {step}", self.device)


def _tell_choices(info: GeneratorInfo, perceptual: str) -> None:
    demonstration = ", the embedded demonstration prior (cartoon faces, 128 px): choose another with --generator FILE"
    tell_once(f"generator: {info.name}{demonstration}" if info.embedded else f"generator: {info.source or info.name}")
    tell_once(f"perceptual distance: {perceptual}")


def as_restoration(module: LightningModule) -> Restoration:
    """The module, for callbacks that work on a :class:`Restoration` alone.

    Raises:
        TypeError: It is another LightningModule.
    """
    if not isinstance(module, Restoration):
        raise TypeError(f"rsi's callbacks work on rsi.Restoration, not on {type(module).__name__}")
    return module
