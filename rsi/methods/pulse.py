"""PULSE as a LightningModule, with its loss, its optimiser on spheres and its schedule."""

from collections.abc import Callable, Iterable
from typing import Any, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, Optimizer

from rsi.callbacks.base import Stage
from rsi.degradations import Degradation
from rsi.degradations.kept_pixels import KeepMask
from rsi.generators.latent_statistics import PULSE_SAMPLES, latent_statistics
from rsi.log import tell_once
from rsi.methods.batch import Observation
from rsi.methods.checks import check_counts, check_numbers, check_word
from rsi.methods.generator_based import GeneratorMethod
from rsi.methods.latents import NOISE

SLOPE = 0.2


class Pulse(GeneratorMethod[None]):
    """PULSE, searching spheres of codes and noise maps for an image that degrades to the target (Menon et al. 2020).

    The variables are ``v``, a normal vector per style slot with ``w = leaky_relu_0.2(v std + mean)``, and the first
    noise maps; all keep their length. The loss is ``100 max(MSE, 2e-3) + 0.05 GEOCROSS``. The defaults are those of the
    comparison in RSI, for any degradation; the original, for pooled images alone, takes 100 steps of 0.4.

    What the papers leave open: the mean squared error goes over all pixels, those that are unknown count as equal; the
    last noise map is zero and those between it and the optimised ones are the generator's own; of a generator without
    noise maps, such as StyleGAN3, the codes alone are searched; the result is that of the last step, whether it fits
    the target well or not.

    Args:
        generator: See :class:`rsi.methods.generator_based.GeneratorMethod`.
        degradation: See :class:`rsi.methods.generator_based.GeneratorMethod`.
        perceptual: Measures the fidelity alone; see :class:`rsi.methods.generator_based.GeneratorMethod`.
        steps: How many steps are taken.
        lr: The largest step size; see :func:`rsi.methods.pulse.step_factor`.
        mse_weight: The weight of the mean squared error.
        mse_floor: Below it the mean squared error does not count.
        geocross_weight: The weight of GEOCROSS.
        noise_maps: How many of the first noise maps are optimised.
        keep_mask: Which pixels the approximation of noise drops: those that are black in the ``target``, or others at
            ``random`` in every step; see :func:`rsi.degradations.kept_pixels.with_kept_pixels`.
        samples: How many codes mean and std are measured on, once for a generator.
        class_label: The class of a conditional generator, from 0, or its name in ImageNet.

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
        samples: int = PULSE_SAMPLES,
        class_label: int | str | None = None,
    ) -> None:
        check_counts(self.method, steps=steps, samples=samples)
        check_word(self.method, "keep_mask", keep_mask, get_args(KeepMask))
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
        if not self.generator.synthesis.noise_sizes:
            tell_once(f"{self.generator.info.name} has no noise maps: PULSE searches its codes alone")
        statistics = latent_statistics(self.generator, self.samples)
        self.register_buffer("mean", statistics.mean, persistent=False)
        self.register_buffer("std", statistics.std, persistent=False)

    def make_optimizer(self) -> Optimizer:
        """Adam on the spheres of the codes and of the noise maps."""
        return SphericalAdam(self.batch.variables.values(), self.lr)

    def prepare(self, observation: Observation) -> None:
        """Nothing."""

    def initial_variables(self, observation: Observation, prepared: None) -> dict[str, Tensor]:  # noqa: ARG002
        """Normal numbers: ``v``, ``[B, num_ws, w_dim]``, and the noise maps, ``[B, 1, h, w]``."""
        sizes = self.generator.synthesis.noise_sizes[:-1][: self.noise_maps]
        shapes = {"v": (self.generator.num_ws, self.generator.w_dim)}
        maps = {f"{NOISE}{index}": (1, *size) for index, size in enumerate(sizes)}
        return {name: observation.random(f"start {name}").normal(shape) for name, shape in {**shapes, **maps}.items()}

    def latent(self) -> dict[str, Tensor]:
        """``codes`` in W+, ``[B, num_ws, w_dim]``, and the noise maps, ``[B, 1, h, w]``, of which the last is 0."""
        maps: dict[str, Tensor] = dict(self.batch.variables)
        v = maps.pop("v")
        if sizes := self.generator.synthesis.noise_sizes:
            maps[f"{NOISE}{len(sizes) - 1}"] = v.new_zeros(len(v), 1, 1, 1)
        return {"codes": F.leaky_relu(v * self.std + self.mean, SLOPE), **maps}

    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401
        """One step of every image, with the step size of the schedule."""
        for group in optimizer.param_groups:
            group["lr"] = self.lr * step_factor(step, self.steps_per_batch)
        return super().take_step(step, optimizer, backward)

    def losses(self, step: int) -> dict[str, Tensor]:
        """``mse`` and ``geocross``, unweighted, and ``total``, their weighted sum, ``[B]`` each."""
        mse = (self.predict_degraded(step) - self.batch.observation.observed).square().mean((1, 2, 3))
        cross = geocross(self.latent()["codes"])
        total = self.mse_weight * mse.clamp(min=self.mse_floor) + self.geocross_weight * cross
        return {"mse": mse, "geocross": cross, "total": total}


SQUARED_LENGTH = 1e-12  # added to squared lengths: the slope of a root has no bound at 0


def geocross(ws: Tensor) -> Tensor:
    """GEOCROSS, the squared angle between the codes of all pairs of slots, ``[B]`` (Menon et al. 2020, equation 7).

    The angle of ``a`` and ``b`` is taken as ``2 atan2(|a - b|, |a + b|)``, exact for codes of equal length. The mean
    goes over all ordered pairs, those of a slot with itself included as in the authors' program, and is multiplied by
    ``w_dim / 8``, which is 64 in their 512 dimensions.

    Args:
        ws: ``[B, num_ws, w_dim]``.
    """
    first, second = torch.triu_indices(ws.shape[1], ws.shape[1], offset=1, device=ws.device)
    a, b = ws[:, first], ws[:, second]
    angles = 2 * torch.atan2(_smooth_length(a - b), _smooth_length(a + b))
    mean = 2 * angles.square().sum(1) / ws.shape[1] ** 2
    return mean * ws.shape[2] / 8


def _smooth_length(vectors: Tensor) -> Tensor:
    return (vectors.square().sum(-1) + SQUARED_LENGTH).sqrt()


SHORTEST = 1e-8


class SphericalAdam(Adam):
    """Adam, after each of whose steps every vector is scaled back to the length that it had at first.

    A parameter ``[B, K, ...]`` holds ``B x K`` vectors; the axes from the third on are those of one vector. What Adam
    accumulates belongs to the gradient in all of space, not to its part along the sphere (Menon et al. 2020).

    Args:
        params: Parameters with three axes or more.
        lr: Adam's step size.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float) -> None:
        super().__init__(params, lr=lr)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401 - torch's signature
        """One step of Adam and back to the spheres; returns what ``closure``, if given, returns."""
        moving = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        radii = [self.state[p]["radius"] if self.state[p] else _radii(p) for p in moving]
        loss = super().step(closure)
        for parameter, radius in zip(moving, radii, strict=True):
            parameter.mul_(radius / _radii(parameter))
            self.state[parameter]["radius"] = radius
        return loss


def _radii(vectors: Tensor) -> Tensor:
    """The length of every vector of ``[B, K, ...]``, ``[B, K, 1, ...]``, above 0."""
    radii: Tensor = torch.linalg.vector_norm(vectors, dim=tuple(range(2, vectors.ndim)), keepdim=True)
    return radii.clamp(min=SHORTEST)


CYCLE = 0.9  # of all steps
LOW, END = 0.1, 0.001


def step_factor(step: int, steps: int) -> float:
    """What the step size is multiplied by at a step, counted from 0 (Menon et al. 2020, released program).

    It rises linearly from 0.1 to 1 over the first 45 % of the steps, falls back to 0.1 over the next 45 % and on to
    0.001 over the rest.
    """
    cycle = CYCLE * steps
    if step < cycle:
        return LOW + (1 - LOW) * (1 - abs(2 * step / cycle - 1))
    return LOW - (LOW - END) * (step - cycle) / (steps - cycle)
