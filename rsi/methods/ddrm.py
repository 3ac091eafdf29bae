"""DDRM: linear degradations undone with a diffusion prior."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from rsi.callbacks.base import Stage
from rsi.degradations import Degradation
from rsi.errors import InputError
from rsi.log import tell_once
from rsi.methods.base import RestorationMethod
from rsi.methods.batch import Observation
from rsi.methods.checks import check_counts, check_numbers
from rsi.methods.ddrm_operators import is_linear, linear_operator, split_linear, unstore
from rsi.methods.ddrm_prior import TIMESTEPS, DiffusionPrior, load_prior
from rsi.methods.ddrm_sampler import PosteriorSampler, noise_levels, timesteps
from rsi.numerics.size import Size


class DDRM(RestorationMethod[PosteriorSampler]):
    """Draws images that a diffusion prior finds likely and that fit the target (Kawar et al. 2022).

    It is for linear degradations with Gaussian noise alone. One training step is one reverse step of every image; there
    is no gradient. ``sample`` is the image with the noise that is left, ``clean`` the image predicted behind it. As in
    the authors' experiments predictions are not clipped. Nearest-neighbour targets are undone with the very pixels that
    were kept; give ``average_pooling`` for them to see what a mismatched operator does.

    Args:
        prior: The folder of a diffusers ``UNet2DModel``; has to be given.
        degradation: ``average_pooling``, ``nearest``, ``inpaint``, ``gaussian``, or one of the first three followed by
            ``+gaussian``; or such a :class:`rsi.degradations.Degradation`.
        sigma_0: Standard deviation of the noise in the targets, for images in [0, 1]; left out, the degradation's,
            which is 0 without ``gaussian``.
        steps: How many reverse steps are taken.
        eta: How much of the noise is drawn anew at every step, from 0 to 1.
        eta_b: How much of the target replaces the prediction while it is the less noisy one, from 0 to 1.
        perceptual: What measures the fidelity: ``lpips-vgg``, the path of its VGG16 file, or ``embedded``; by default
            ``lpips-vgg``.

    Attributes:
        prior: The diffusion prior; there once ``configure_model`` has run.

    Raises:
        InputError: The degradation is not linear or a number is out of its range.
    """

    method = "ddrm"
    prior: DiffusionPrior

    def __init__(
        self,
        prior: str = "",
        degradation: Degradation | str = "average_pooling",
        sigma_0: float | None = None,
        steps: int = 20,
        eta: float = 0.85,
        eta_b: float = 1.0,
        perceptual: str | None = None,
    ) -> None:
        check_counts(self.method, steps=steps)
        check_numbers(self.method, zero=True, eta=eta, eta_b=eta_b, sigma_0=sigma_0 or 0.0)
        _check_limits(steps=(steps, TIMESTEPS), eta=(eta, 1), eta_b=(eta_b, 1))
        settings = {"prior": prior, "sigma_0": sigma_0, "eta": eta, "eta_b": eta_b, "perceptual": perceptual}
        super().__init__(degradation, [Stage("DDRM", steps)], {**settings, "steps": steps})
        self.save_hyperparameters(ignore=["degradation"])
        split_linear(self.degradation)  # refuses what is not linear
        self.prior_name = prior
        self.perceptual_name = perceptual
        self._sigma_0 = sigma_0
        self.eta = eta
        self.eta_b = eta_b
        self.levels = noise_levels(steps)

    @classmethod
    def undoes(cls, degradation: Degradation) -> bool:
        """Whether the degradation is linear and supported."""
        return is_linear(degradation)

    @property
    def resolution(self) -> Size:
        """The size of the prior's images."""
        return self.prior.resolution

    @property
    def sigma_0(self) -> float:
        """Standard deviation of the noise in the targets, for images in [0, 1]."""
        return split_linear(self.degradation)[1].sigma if self._sigma_0 is None else self._sigma_0

    def configure_model(self) -> None:
        """Read prior and perceptual network, once."""
        if hasattr(self, "prior"):
            return
        self.prior = load_prior(self.prior_name)
        self.settings["prior"] = self.prior.sha256
        self.perceptual_name = self.perceptual_name or "lpips-vgg"
        tell_once(f"prior: {self.prior_name}")
        tell_once(f"perceptual distance: {self.perceptual_name}")
        self.use_perceptual(self.perceptual_name)

    def resolved(self) -> dict[str, Any]:
        """The perceptual distance and the noise."""
        return {"perceptual": self.perceptual_name, "sigma_0": self.sigma_0}

    def configure_optimizers(self) -> list[Optimizer]:
        """None at all: nothing is optimised."""
        return []

    def prepare(self, observation: Observation) -> PosteriorSampler:
        """Split the images into what the targets show and what they do not."""
        operator = linear_operator(observation.operator, observation.known)
        noise = split_linear(self.degradation)[1]
        lifted = operator.lift(2 * unstore(observation.observed, noise) - 1)
        return PosteriorSampler(operator, lifted, 2 * self.sigma_0, self.eta, self.eta_b)

    def initial_variables(self, observation: Observation, prepared: PosteriorSampler) -> dict[str, Tensor]:
        """``sample``, noise around what the targets show, and ``clean``, what they show, ``[B, 3, R, R]``."""
        noise = observation.random("start").normal(self._shape)
        return {"sample": prepared.start(noise, self.levels[0]), "clean": prepared.lifted.clone()}

    def predict(self) -> Tensor:
        """The clean images predicted at the last step, ``[B, 3, R, R]``, nominally in [0, 1] and not clamped."""
        return (self.batch.variables["clean"] + 1) / 2

    @torch.no_grad()
    def take_step(self, step: int, optimizer: Any, backward: Callable[[Tensor], object]) -> dict[str, Tensor]:  # noqa: ANN401, ARG002
        """One reverse step of every image.

        Returns:
            ``total``, the mean squared difference of target and degraded prediction before the step, for images in
            [0, 1], ``[B]``.
        """
        sampler, variables, guard = self.batch.prepared, self.batch.variables, self.batch.guard
        sample, clean = variables["sample"], variables["clean"]
        predicted = self._predict_noise(sample, step)
        denoised = sample - self.levels[step] * predicted
        misfit = self._misfit(denoised)
        guard.watch(variables, misfit, step)
        noise = self.batch.observation.random(f"diffuse {step}").normal(self._shape)
        sample.copy_(sampler.step(denoised, predicted, noise, self.levels[step + 1]))
        clean.copy_(sampler.step(denoised, predicted, noise, 0.0))
        guard.hold(variables)
        return {"total": misfit}

    @property
    def _shape(self) -> tuple[int, int, int]:
        return 3, *self.resolution

    def _predict_noise(self, sample: Tensor, step: int) -> Tensor:
        timestep = torch.full((len(sample),), timesteps(self.steps_per_batch)[step], device=self.device)
        noise: Tensor = self.prior(sample / (1 + self.levels[step] ** 2) ** 0.5, timestep)
        return noise

    def _misfit(self, denoised: Tensor) -> Tensor:
        operator = self.batch.prepared.operator
        difference = operator.observe(denoised - self.batch.prepared.lifted) / 2
        return difference.square().flatten(1).sum(1) / (3 * operator.known.flatten(1).sum(1)).clamp(min=1)


def _check_limits(**numbers: tuple[float, float]) -> None:
    for name, (number, limit) in numbers.items():
        if number > limit:
            raise InputError(f"{DDRM.method}: {name} is {number}, use {limit} or less")
