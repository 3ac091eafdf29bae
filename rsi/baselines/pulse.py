"""PULSE as a LightningModule."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

from rsi.baselines.checks import check_counts, check_numbers
from rsi.baselines.geocross import geocross
from rsi.baselines.latent_statistics import SAMPLES, latent_statistics
from rsi.baselines.spherical import SphericalAdam
from rsi.baselines.step_schedule import step_factor
from rsi.data.batches import Step
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask, with_kept_pixels
from rsi.generator_method import GeneratorMethod
from rsi.latents import NOISE
from rsi.phases import Stage
from rsi.randomness import ImageRandom

SLOPE = 0.2


class Pulse(GeneratorMethod):
    """PULSE, searching spheres of codes and noise maps for an image that degrades to the target (Menon et al. 2020).

    The variables are ``v``, a normal vector per style slot with ``w = leaky_relu_0.2(v std + mean)``, and the first
    noise maps; all keep their length. The loss is ``100 max(MSE, 2e-3) + 0.05 GEOCROSS``. The defaults are those of the
    comparison in RSI, for any degradation; the original, for pooled images alone, takes 100 steps of 0.4.

    What the papers leave open: the mean squared error goes over all pixels, those that are unknown count as equal; the
    last noise map is zero and those between it and the optimised ones are the generator's own; the result is that of
    the last step, whether it fits the target well or not.

    Args:
        generator: See :class:`rsi.generator_method.GeneratorMethod`.
        degradation: See :class:`rsi.generator_method.GeneratorMethod`.
        perceptual: Measures the fidelity alone; see :class:`rsi.generator_method.GeneratorMethod`.
        steps: How many steps are taken.
        lr: The largest step size; see :func:`rsi.baselines.step_schedule.step_factor`.
        mse_weight: The weight of the mean squared error.
        mse_floor: Below it the mean squared error does not count.
        geocross_weight: The weight of GEOCROSS.
        noise_maps: How many of the first noise maps are optimised.
        keep_mask: Which pixels the approximation of noise drops: those that are black in the ``target``, or others at
            ``random`` in every step; see :func:`rsi.degradations.kept_pixels.with_kept_pixels`.
        samples: How many codes mean and std are measured on, once for a generator.
        class_label: The class of a conditional generator, from 0.

    Raises:
        InputError: An argument cannot be used; weights are read in ``configure_model``.
    """

    method = "pulse"
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        generator: str = "avatars128",
        degradation: Degradation | str = "jpeg",
        perceptual: str | None = None,
        steps: int = 250,
        lr: float = 0.8,
        mse_weight: float = 100.0,
        mse_floor: float = 2e-3,
        geocross_weight: float = 0.05,
        noise_maps: int = 5,
        keep_mask: KeepMask = "target",
        samples: int = SAMPLES,
        class_label: int | None = None,
    ) -> None:
        check_counts(self.method, steps=steps, samples=samples)
        check_numbers(self.method, lr=lr)
        weights = {"mse_weight": mse_weight, "mse_floor": mse_floor, "geocross_weight": geocross_weight}
        check_numbers(self.method, zero=True, noise_maps=noise_maps, **weights)
        settings = {"steps": steps, "lr": lr, **weights, "noise_maps": noise_maps, "keep_mask": keep_mask}
        super().__init__(
            generator, degradation, perceptual, [Stage("PULSE", steps)], {**settings, "samples": samples}, class_label
        )
        self.save_hyperparameters(ignore=["degradation"])
        self.lr = lr
        self.mse_weight, self.mse_floor, self.geocross_weight = mse_weight, mse_floor, geocross_weight
        self.noise_maps = noise_maps
        self.keep_mask = keep_mask
        self.samples = samples

    def prepare_model(self) -> None:
        """Look up or measure the statistics of the latent space."""
        statistics = latent_statistics(self.generator, self.samples)
        self.register_buffer("mean", statistics.mean, persistent=False)
        self.register_buffer("std", statistics.std, persistent=False)

    def configure_optimizers(self) -> Optimizer:
        """Adam on the spheres of the codes and of the noise maps."""
        return SphericalAdam(self.variables.values(), self.lr)

    def initial_variables(self, seeds: Sequence[int]) -> dict[str, Tensor]:
        """Normal numbers."""
        sides = self.generator.synthesis.noise_sides[:-1][: self.noise_maps]
        shapes = {"v": (self.generator.num_ws, self.generator.w_dim)}
        maps = {f"{NOISE}{index}": (1, side, side) for index, side in enumerate(sides)}
        return {
            name: ImageRandom(seeds, f"start {name}", self.device).normal(shape)
            for name, shape in {**shapes, **maps}.items()
        }

    def prepare_batch(self) -> None:
        """Give the operator the dropped pixels."""
        if self.keep_mask == "target":
            self.operator = with_kept_pixels(self.operator, self.observed)

    def latent(self) -> dict[str, Tensor]:
        """The codes in W+, the optimised noise maps and the last one, which is zero."""
        maps: dict[str, Tensor] = dict(self.variables)
        v = maps.pop("v")
        last = f"{NOISE}{len(self.generator.synthesis.noise_sides) - 1}"
        return {"codes": F.leaky_relu(v * self.std + self.mean, SLOPE), **maps, last: v.new_zeros(len(v), 1, 1, 1)}

    def training_step(self, batch: Step, batch_idx: int) -> dict[str, Any]:
        """One step of every image, with the step size of the schedule."""
        optimizer: Any = self.optimizers()
        for group in optimizer.param_groups:
            group["lr"] = self.lr * step_factor(batch.index, self.steps_per_batch)
        return super().training_step(batch, batch_idx)

    def losses(self, step: int) -> dict[str, Tensor]:
        """``mse`` and ``geocross``, unweighted, and their weighted sum."""
        mse = (self.predict_degraded(step) - self.observed).square().mean((1, 2, 3))
        cross = geocross(self.latent()["codes"])
        total = self.mse_weight * mse.clamp(min=self.mse_floor) + self.geocross_weight * cross
        return {"mse": mse, "geocross": cross, "total": total}
