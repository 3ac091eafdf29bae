"""L-BRGM as a LightningModule."""

from collections.abc import Callable
from typing import Any, get_args

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from rsi.callbacks.base import Stage
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask
from rsi.methods.batch import Observation
from rsi.methods.checks import check_counts, check_numbers, check_word
from rsi.methods.generator_based import GeneratorMethod
from rsi.numerics.per_image import one_by_one
from rsi.numerics.size import Size
from rsi.perceptual.base import SMALLEST_SIDE

START = "start"
NEAREST = "nearest"  # how far the nearest draw of each image so far is from its target
PERCEPTUAL_SIDE = 256


class _Draws(Stage):
    @property
    def cost(self) -> float:
        """A draw has no gradient."""
        return 0.45


class LBRGM(GeneratorMethod[list[Tensor]]):
    """L-BRGM, a noise vector and codes that agree with each other and with the target (Conmy et al. 2022).

    In its first phase every step draws a ``z`` for each image and keeps it if its degraded image is perceptually nearer
    to the target than those before. Then Adam minimises ``13 MSE + 2.5 LPIPS + 30 mean((mapping(z) - w)^2) +
    0.4 mean(z^2)`` over ``z`` and one ``w`` per style slot. The defaults are those of the comparison in RSI; in the
    released program's setting there are 100 draws without truncation and 2000 steps of 0.1.

    What the papers leave open: all draws are degraded with the same random numbers; truncation moves the drawn ``w``
    towards the mean code and leaves its ``z`` as it is; images of more than 256 px are compared perceptually at 256 px,
    after area averaging, smaller ones as they are; errors go over all pixels, those that are unknown count as equal;
    the result is that of the last step.

    Args:
        generator: See :class:`rsi.methods.generator_based.GeneratorMethod`.
        degradation: See :class:`rsi.methods.generator_based.GeneratorMethod`.
        perceptual: The perceptual distance of draws, loss and fidelity, in place of LPIPS; see
            :class:`rsi.methods.generator_based.GeneratorMethod`.
        draws: How many ``z`` are drawn to start from the best of them.
        truncation: How far from the mean code towards ``mapping(z)`` a ``w`` starts, 1 for all the way.
        steps: How many steps are taken after that.
        lr: Adam's step size.
        mse_weight: The weight of the mean squared error.
        perceptual_weight: The weight of the perceptual distance.
        agreement_weight: The weight of the squared distance of ``w`` and ``mapping(z)``.
        norm_weight: The weight of the squares of ``z``.
        keep_mask: See :class:`rsi.methods.pulse.Pulse`.
        class_label: The class of a conditional generator, from 0, or its name in ImageNet.

    Raises:
        InputError: An argument cannot be used; weights are read in ``configure_model``.
    """

    method = "lbrgm"

    def __init__(
        self,
        generator: str = "avatars128",
        degradation: Degradation | str = "jpeg",
        perceptual: str | None = None,
        draws: int = 200,
        truncation: float = 0.8,
        steps: int = 500,
        lr: float = 0.05,
        mse_weight: float = 13.0,
        perceptual_weight: float = 2.5,
        agreement_weight: float = 30.0,
        norm_weight: float = 0.4,
        keep_mask: KeepMask = "target",
        class_label: int | str | None = None,
    ) -> None:
        weights = {
            "mse": mse_weight,
            "perceptual": perceptual_weight,
            "agreement": agreement_weight,
            "norm": norm_weight,
        }
        check_counts(self.method, draws=draws, steps=steps)
        check_word(self.method, "keep_mask", keep_mask, get_args(KeepMask))
        check_numbers(self.method, lr=lr)
        check_numbers(self.method, zero=True, truncation=truncation, **{f"{k}_weight": v for k, v in weights.items()})
        settings = {"draws": draws, "truncation": truncation, "steps": steps, "lr": lr, "keep_mask": keep_mask}
        schedule = [_Draws(START, draws), Stage("L-BRGM", steps)]
        super().__init__(generator, degradation, perceptual, schedule, {**settings, "weights": weights}, class_label)
        self.save_hyperparameters(ignore=["degradation"])
        self.truncation = truncation
        self.lr = lr
        self.weights = weights
        self.keep_mask = keep_mask

    def make_optimizer(self) -> Optimizer:
        """Adam with its usual betas."""
        return Adam([self.batch.variables["z"], self.batch.variables["w"]], self.lr)

    def prepare(self, observation: Observation) -> list[Tensor]:
        """What the perceptual distance compares with, see :meth:`rsi.perceptual.PerceptualDistance.reference`."""
        return self.perceptual.reference(at_perceptual_side(observation.observed))

    def initial_variables(self, observation: Observation, prepared: list[Tensor]) -> dict[str, Tensor]:  # noqa: ARG002
        """The mean code as ``w``, ``[B, num_ws, w_dim]``, and 0 as ``z``, ``[B, z_dim]``, until a draw is nearer."""
        images = len(observation.targets)
        z = self.generator.w_avg.new_zeros(images, self.generator.mapping.z_dim)
        w = self.generator.w_avg.expand(images, self.generator.num_ws, -1).clone()
        return {"z": z, "w": w}

    def latent(self) -> dict[str, Tensor]:
        """``codes`` in W+, ``[B, num_ws, w_dim]``."""
        return {"codes": self.batch.variables["w"]}

    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401
        """One draw or one step of every image."""
        if self.batch.stage.space == START:
            return self._draw_start(step)
        return super().take_step(step, optimizer, backward)

    def losses(self, step: int) -> dict[str, Tensor]:
        """The four terms, unweighted, and ``total``, their weighted sum, ``[B]`` each."""
        degraded, z, w = self.predict_degraded(step), self.batch.variables["z"], self.batch.variables["w"]
        terms = {
            "mse": (degraded - self.batch.observation.observed).square().mean((1, 2, 3)),
            "perceptual": self.perceptual.compare(at_perceptual_side(degraded), self.batch.prepared),
            "agreement": (one_by_one(self.generator.mapping, z).unsqueeze(1) - w).square().mean((1, 2)),
            "norm": z.square().mean(1),
        }
        total = torch.stack([weight * terms[name] for name, weight in self.weights.items()]).sum(0)
        return {**terms, "total": total}

    @torch.no_grad()
    def _draw_start(self, step: int) -> dict[str, Tensor]:
        batch = self.batch
        drawn, distance = self._drawn(step)
        so_far = batch.carried.get(NEAREST, torch.full_like(distance, torch.inf))
        is_nearer = distance < so_far
        for name, value in batch.variables.items():
            value.copy_(torch.where(is_nearer.view(-1, *[1] * (value.ndim - 1)), drawn[name], value))
        nearest = batch.carried[NEAREST] = torch.where(is_nearer, distance, so_far)
        batch.guard.watch(batch.variables, torch.zeros_like(nearest), step)  # a draw that is not finite is not taken
        return {"perceptual": nearest, "total": nearest}

    def _drawn(self, step: int) -> tuple[dict[str, Tensor], Tensor]:
        """``z`` and ``w`` of a draw for each image, and its distance from the target, ``[B]``."""
        seen, mean = self.batch.observation, self.generator.w_avg
        z = seen.random(f"draw {step}").normal((self.generator.mapping.z_dim,))
        w = mean + self.truncation * (one_by_one(self.generator.mapping, z) - mean)
        w = w.unsqueeze(1).expand(-1, self.generator.num_ws, -1)
        images, random = self.draw({"codes": w, **self.motion(seen.targets)}), seen.random(f"degrade {START}")
        degraded = seen.operator(images, random) * seen.known
        return {"z": z, "w": w}, self.perceptual.compare(at_perceptual_side(degraded), self.batch.prepared)


def at_perceptual_side(images: Tensor) -> Tensor:
    """Images ``[B, 3, h, w]`` averaged to 256 px where they are larger, and with repeated pixels below 16 px."""
    size = Size.of(images)
    if max(size) > PERCEPTUAL_SIDE:
        return F.interpolate(images, size=size.within(PERCEPTUAL_SIDE), mode="area")
    scale = -(-SMALLEST_SIDE // min(size))
    return F.interpolate(images, scale_factor=scale, mode="nearest") if scale > 1 else images
