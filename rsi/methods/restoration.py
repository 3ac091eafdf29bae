"""Robust unsupervised StyleGAN image restoration (Poirier-Ginter & Lalonde, CVPR 2023): the method from top to bottom.

A latent of a frozen generator is moved until its image, degraded as the target was, looks like the target. The search
widens in three phases: one code per image (W), one per style slot (W+), one per convolution filter (W++). Every step
moves every code by a fixed distance against its gradient.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, cast, get_args, overload

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from rsi.callbacks.base import Stage, stage_of
from rsi.data.target import Target
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask
from rsi.errors import InputError
from rsi.generators import Generator, LrScale, step_scale
from rsi.methods.batch import Observation
from rsi.methods.checks import check_numbers, check_word
from rsi.methods.code_prior import CodePrior
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.loss import VARIANTS, LossName, MultiresolutionLoss, TargetPyramid
from rsi.methods.schedule import Phase, Space, check_schedule, in_words
from rsi.methods.top_level import TopLevel
from rsi.numerics.per_image import one_by_one, part_by_part, parts
from rsi.numerics.precision import full_precision

TOP_GRADIENT = "top_level_gradient"

PAPER_SCHEDULE = (Phase("W", 150, 0.08), Phase("W+", 150, 0.02), Phase("W++", 150, 0.005))
"""The schedule of every task and level (RSI, section 4.1)."""

OptimizerName = Literal["ngd", "adam"]
Part = tuple[Observation, TargetPyramid]  # images whose losses are computed together, and what the loss made of them


def expand(codes: Tensor, space: Space, filters: Sequence[int]) -> Tensor:
    """The same codes, repeated for a larger space; the images they give stay the same (RSI, section 4.1).

    Args:
        codes: ``[B, w_dim]`` (W), ``[B, num_ws, w_dim]`` (W+) or ``[B, sum(filters), w_dim]`` (W++).
        space: The space wanted, at least as large as that of the codes.
        filters: The number of filters that read each style slot.

    Returns:
        Codes shaped for ``space``.
    """
    if space == "W":
        return codes
    if codes.ndim == 2:
        codes = codes.unsqueeze(1).repeat(1, len(filters), 1)
    if space == "W++" and codes.shape[1] == len(filters):
        codes = codes.repeat_interleave(torch.tensor(filters, device=codes.device), dim=1)
    return codes


def pose_rows(generator: Generator, space: Space) -> list[int]:
    """Which codes of a space move the picture as a whole and nothing else; in W there are none."""
    if space == "W":
        return []
    owners = [slot for slot, filters in enumerate(generator.filters) for _ in range(filters if space == "W++" else 1)]
    return [row for row, slot in enumerate(owners) if slot in generator.synthesis.pose_slots]


class NGD(Optimizer):
    """Normalised gradient descent: every code moves by exactly ``lr`` against its gradient.

    ``w <- w - lr * g / ||g||`` with the norm over the last axis, so that each code of an image has a step of its own
    and the scale of the loss does not matter. A code with zero gradient stays where it is. There is no momentum.
    Source: RSI, algorithm 1 (whose first line lacks the ``w -``).

    Args:
        params: Latents of shape ``[..., w_dim]``.
        lr: The length of a step, in the units of the latents.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Move every latent by one step; returns what ``closure``, if given, returns."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for latent in group["params"]:
                if latent.grad is not None:
                    latent.sub_(group["lr"] * direction(latent.grad))
        return loss


def direction(gradient: Tensor) -> Tensor:
    """The gradient ``[..., w_dim]`` scaled to length 1 along its last axis, 0 where it is 0."""
    norm = gradient.norm(dim=-1, keepdim=True)
    return torch.where(norm > 0, gradient / norm, 0)


class Restoration(GeneratorMethod[list[Part]]):
    """Restores batches of degraded images, each image's latent optimised on its own (RSI, section 4).

    The only variable is ``codes``, those of the current phase for the current batch. One training step is one step of
    every image. :class:`rsi.callbacks.PhaseScheduler` begins batches and phases.

    Args:
        generator: ``avatars128``, the embedded demonstration prior, another name or a file; see
            :func:`rsi.generators.load_generator`.
        degradation: How the images were degraded: ``upsample``, ``noise``, ``jpeg``, ``inpaint``, some of them
            joined with ``+`` in the order they happened, or a :class:`rsi.degradations.Degradation`.
        perceptual: ``lpips-vgg``, the path of its VGG16 file, or ``embedded``; left out, the one made for the
            generator.
        schedule: The phases, as space, steps, lr and, if it changes, final_lr each; left out, the paper's.
        loss: ``pooled``, which is ``program`` but for how colours are compared; ``program`` as in the authors' released
            program, ``paper`` as in equation 9, or ``single``, an ablation at the target's own size alone. See
            :class:`rsi.methods.loss.MultiresolutionLoss`.
        lr_scale: Multiplies the step sizes for generators whose W has another scale than FFHQ's, ``auto`` by what the
            generator's own measures; left out, what its file or the zoo recommend, or else ``auto``.
        optimizer: ``ngd``, the method's, or ``adam``, an ablation whose first step is as long.
        class_label: The class of a conditional generator, from 0, or its name in ImageNet.
        keep_mask: Which pixels noise drops in the approximation: those that the ``target`` lacks, where they can be
            seen, or ``random`` ones, as in RSI; see :func:`rsi.degradations.kept_pixels.with_kept_pixels`.
        noise_offset: Photons taken off in the approximation of noise, 0.5 in RSI; left out, what the degradation says.
        prior_weight: How strongly codes are held to those that the mapping makes, see
            :class:`rsi.methods.code_prior.CodePrior`; left out, what the perceptual distance recommends for the loss
            ``pooled``, which is 0 for LPIPS as in RSI.
        pose_step: How far the code that moves the picture as a whole goes in a step, as a multiple of what others go,
            from W+ on, where it is a code of its own; 0 keeps the pose that W has found. StyleGAN2 has no such code.
        start_spread: Where further samples of an image start in W: so far from the mean code towards a random one, 0 to
            1. The first sample starts at the mean code, as in RSI.

    Raises:
        InputError: An argument cannot be used; generator and perceptual weights are read in ``configure_model``.
    """

    method = "rsi"
    schedule: tuple[Phase, ...]

    def __init__(
        self,
        generator: str = "avatars128",
        degradation: Degradation | str = "jpeg",
        perceptual: str | None = None,
        schedule: list[Phase] | None = None,
        loss: LossName = "pooled",
        lr_scale: LrScale = None,
        optimizer: OptimizerName = "ngd",
        class_label: int | str | None = None,
        keep_mask: KeepMask = "target",
        noise_offset: float | None = None,
        prior_weight: float | None = None,
        start_spread: float = 0.5,
        pose_step: float = 0.0,
    ) -> None:
        check_word(self.method, "loss", loss, VARIANTS)
        check_word(self.method, "optimizer", optimizer, get_args(OptimizerName))
        check_word(self.method, "keep_mask", keep_mask, get_args(KeepMask))
        check_numbers(self.method, zero=True, pose_step=pose_step, prior_weight=prior_weight or 0)
        if not 0 <= start_spread <= 1:
            raise InputError(f"{self.method}: start_spread is {start_spread}, use a number from 0 to 1")
        if noise_offset is not None and not math.isfinite(noise_offset):
            raise InputError(f"{self.method}: noise_offset is {noise_offset}, use a finite number")
        phases = check_schedule(PAPER_SCHEDULE if schedule is None else schedule)
        settings = {
            "schedule": in_words(phases),
            "loss": loss,
            "lr_scale": lr_scale,
            "optimizer": optimizer,
            "keep_mask": keep_mask,
            "noise_offset": noise_offset,
            "start_spread": start_spread,
        }
        super().__init__(generator, degradation, perceptual, phases, settings, class_label)
        self.save_hyperparameters(ignore=["degradation", "schedule"])
        self.loss_variant = loss
        self.lr_scale = lr_scale
        self.optimizer_name = optimizer
        self.keep_mask = keep_mask
        self.noise_offset = noise_offset
        self.prior_weight = prior_weight
        self.start_spread = start_spread
        self.pose_step = pose_step

    def use_schedule(self, phases: Sequence[Phase]) -> None:
        """Take other phases from the next batch on, with the networks that are there.

        Raises:
            InputError: See :func:`rsi.methods.schedule.check_schedule`.
        """
        self.schedule = check_schedule(phases)
        self.settings["schedule"] = in_words(self.schedule)

    @property
    def codes(self) -> nn.Parameter:
        """The codes of the current phase, ``[B, ..., w_dim]``."""
        return self.batch.variables["codes"]

    def prepare_model(self) -> None:
        """Settle the step scale and the loss."""
        self.step_scale = step_scale(self.generator, self.lr_scale)
        self.loss = MultiresolutionLoss(self.perceptual, self.loss_variant)
        if self.prior_weight is None:
            self.prior_weight = self.perceptual.prior_weight if self.loss.variant.as_recommended else 0.0
        self.prior = CodePrior(self.generator, self.prior_weight) if self.prior_weight else None
        if self.prior is not None:
            self.settings["prior_weight"] = str(self.prior_weight)
        if self.generator.synthesis.pose_slots:
            self.settings["pose_step"] = str(self.pose_step)

    def resolved(self) -> dict[str, Any]:
        """The step scale and the weight of the prior as well."""
        return {**super().resolved(), "lr_scale": self.step_scale, "prior_weight": self.prior_weight}

    def bind(self, targets: Sequence[Target], observed: Tensor) -> Degradation:
        """The degradation, bound to targets with the pixels ``observed``, ``[B, 3, h, w]``; as asked for of noise."""
        operator = super().bind(targets, observed)
        return operator if self.noise_offset is None else operator.taking_off(self.noise_offset)

    def prepare(self, observation: Observation) -> list[Part]:
        """Prepare the targets for the loss, part by part."""
        return [self._part(observation, images) for images in parts(len(observation.targets), self.device)]

    def initial_variables(self, observation: Observation, prepared: list[Part]) -> dict[str, Tensor]:  # noqa: ARG002
        """``codes``, ``[B, w_dim]``: the mean code; those of further samples of an image lie towards a random code."""
        codes = self.generator.w_avg.expand(len(observation.targets), -1).clone()
        spread = [self.start_spread * (target.sample > 0) for target in observation.targets]
        if any(spread):
            z = observation.random("start").normal((self.generator.mapping.z_dim,))
            with torch.no_grad():
                codes += codes.new_tensor(spread)[:, None] * (one_by_one(self.generator.mapping, z) - codes)
        return {"codes": codes}

    def begin_phase(self, stage: Stage) -> None:
        """Expand the codes to the space of the phase; the optimiser is set up anew after it."""
        space = cast(Phase, stage).space
        self.batch.change_variables(lambda codes: expand(codes, space, self.generator.filters))
        super().begin_phase(stage)

    def make_optimizer(self) -> Optimizer:
        """Steps of the phase's length, in units of the generator's W."""
        lr = self._phase.lr * self.step_scale
        if self.optimizer_name == "adam":  # each of a code's w_dim numbers moves by about Adam's step size
            return Adam([self.codes], lr=lr * self.codes.shape[-1] ** -0.5)
        return NGD([self.codes], lr=lr)

    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401
        """One step of every image, with the step size of the schedule."""
        _, first, _ = stage_of(self.schedule, step)
        for group in optimizer.param_groups:
            group["lr"] = optimizer.defaults["lr"] * self._phase.lr_factor(step - first)
        return super().take_step(step, optimizer, backward)

    def move(self, optimizer: Any) -> None:  # noqa: ANN401
        """Move all codes by a step, and those that move the picture as a whole by ``pose_step`` of one."""
        rows = pose_rows(self.generator, self._phase.space)
        before = self.codes.detach()[:, rows].clone()
        super().move(optimizer)
        with torch.no_grad():
            self.codes[:, rows] = torch.lerp(before, self.codes[:, rows], self.pose_step)

    def losses(self, step: int) -> dict[str, Tensor]:
        """The terms of :class:`rsi.methods.loss.MultiresolutionLoss` and, with a weight, ``prior``; ``[B]`` each."""
        prepared = self.batch.prepared
        sizes = [len(seen.targets) for seen, _ in prepared]
        top = self._top_level(step).split(sizes)

        def of_part(part: int, codes: Tensor) -> dict[str, Tensor]:
            return self._losses(*prepared[part], codes, step, top[part])

        return part_by_part(of_part, torch.split(self.codes, sizes), max(self.resolution))

    def latent(self) -> dict[str, Tensor]:
        """``codes`` of the phase's space: ``[B, w_dim]``, ``[B, num_ws, w_dim]`` or ``[B, filters, w_dim]``."""
        return {"codes": self.codes}

    def _losses(
        self, seen: Observation, pyramid: TargetPyramid, codes: Tensor, step: int, top: TopLevel
    ) -> dict[str, Tensor]:
        latent = {"codes": codes, **self.motion(seen.targets)}
        images, random, again = self.draw(latent), seen.random(f"degrade {step}"), None
        with full_precision(self.device):
            degraded = seen.operator(images, random) * seen.known
            if random.used and self.loss.colours is not None:
                again = seen.operator(images, seen.random(f"degrade again {step}")) * seen.known
        terms: dict[str, Tensor] = self.loss(
            degraded, pyramid, seen.random(f"fill {step}"), again, top_level=top.is_computed
        )
        terms = top.applied(terms, pyramid.levels, codes)
        if self.prior is None:
            return terms
        prior = self.prior(codes)
        return {**terms, "prior": prior, "total": terms["total"] + prior}

    def _top_level(self, step: int) -> TopLevel:
        """What becomes of the largest level of the loss at a step."""
        every = self._phase.top_level_every
        _, first, _ = stage_of(self.schedule, step)
        if every < 2:
            return TopLevel(is_computed=bool(every))
        kept = self.batch.carried.setdefault(TOP_GRADIENT, torch.zeros_like(self.codes))
        return TopLevel(is_computed=(step - first) % every == 0, kept=kept)

    def _part(self, whole: Observation, images: slice) -> Part:
        targets, known, observed = whole.targets[images], whole.known[images], whole.observed[images]
        seen = Observation(targets, self.bind(targets, observed), known, observed)
        return seen, self.loss.prepare(observed, known)

    @property
    def _phase(self) -> Phase:
        return cast(Phase, self.batch.stage)
