"""Against priors that are Gaussian, whose noise predictor and posterior are known in closed form."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from rsi.methods.ddrm_operators import BlockMeans, LinearOperator, Pixels
from rsi.methods.ddrm_sampler import PosteriorSampler, noise_levels, timesteps

SHAPE = (3, 4, 4)
SIZE = 48
SAMPLES = 5000
Z_LIMIT = 5.0  # standard errors: the largest of the 2,304 entries of a covariance is beyond it once in 1,000 runs


@dataclass(frozen=True)
class Gaussian:
    """A Gaussian of images, ``[48]`` and ``[48, 48]`` in float64."""

    mean: Tensor
    covariance: Tensor

    def clean(self, x: Tensor, sigma: float) -> Tensor:
        """The mean of the clean image given the noisy one."""
        return torch.addmm(self.mean, x - self.mean, self.gain(sigma).T)

    def gain(self, sigma: float) -> Tensor:
        """The share of what is seen that is kept, a matrix."""
        noisy = self.covariance + sigma**2 * torch.eye(SIZE).double()
        gain: Tensor = torch.linalg.solve(noisy, self.covariance).T
        return gain

    def posterior(self, matrix: Tensor, y: Tensor, sigma_0: float) -> "Gaussian":
        """The Gaussian given ``y = matrix x + sigma_0 n``."""
        spread = matrix @ self.covariance @ matrix.T + sigma_0**2 * torch.eye(len(matrix)).double()
        gain = self.covariance @ matrix.T @ torch.linalg.inv(spread)
        return Gaussian(self.mean + gain @ (y - matrix @ self.mean), self.covariance - gain @ matrix @ self.covariance)


@dataclass(frozen=True)
class Problem:
    """An observation of an image drawn from a prior."""

    prior: Gaussian
    operator: LinearOperator
    y: Tensor
    sigma_0: float

    @property
    def matrix(self) -> Tensor:
        """The rows of ``H`` that are not 0."""
        units = torch.eye(SIZE).double().view(SIZE, *SHAPE)
        return self.operator.observe(units).flatten(1).T[self._rows]

    @property
    def observed(self) -> Tensor:
        return self.y.flatten()[self._rows]

    @property
    def posterior(self) -> Gaussian:
        return self.prior.posterior(self.matrix, self.observed, self.sigma_0)

    @property
    def _rows(self) -> Tensor:
        return self.operator.known.expand_as(self.y).flatten() > 0


def _ones(side: int) -> Tensor:
    return torch.ones(1, 1, side, side).double()


def _hole() -> Tensor:
    known = _ones(4)
    known[..., 1:3, 1:] = 0
    return known


OPERATORS: dict[str, tuple[LinearOperator, float]] = {
    "denoising": (Pixels(_ones(4)), 0.5),
    "inpainting": (Pixels(_hole()), 0.0),
    "noisy inpainting": (Pixels(_hole()), 0.3),
    "pooling": (BlockMeans(_ones(2), 2), 0.0),
    "noisy pooling": (BlockMeans(_ones(2), 2), 0.1),
}
every_problem = pytest.mark.parametrize("name", OPERATORS)


def _smooth_prior() -> Gaussian:
    """Neighbouring pixels and the three channels are alike, as in pictures."""
    grid = torch.cartesian_prod(torch.arange(4.0), torch.arange(4.0)).double()
    pixels = torch.exp(-(torch.cdist(grid, grid) ** 2) / 4)
    channels = torch.tensor([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]]).double()
    covariance = 0.25 * torch.kron(channels, pixels) + 0.01 * torch.eye(SIZE).double()
    return Gaussian(torch.linspace(-0.5, 0.5, SIZE).double(), covariance)


def _problem(name: str, prior: Gaussian) -> Problem:
    operator, sigma_0 = OPERATORS[name]
    random = torch.Generator().manual_seed(0)
    numbers = torch.randn(SIZE, generator=random, dtype=torch.float64)
    x = prior.mean + torch.linalg.cholesky(prior.covariance) @ numbers
    y = operator.observe(x.view(1, *SHAPE))
    return Problem(prior, operator, y + sigma_0 * torch.randn(y.shape, generator=random, dtype=torch.float64), sigma_0)


def _draw(problem: Problem, levels: list[float], eta: float, eta_b: float, samples: int = SAMPLES) -> Tensor:
    """Samples of the sampler with the exact noise predictor, ``[samples, 48]``."""
    random = torch.Generator().manual_seed(1)

    def noise() -> Tensor:
        return torch.randn(samples, *SHAPE, generator=random, dtype=torch.float64)

    sampler = PosteriorSampler(problem.operator, problem.operator.lift(problem.y), problem.sigma_0, eta, eta_b)
    x = sampler.start(noise(), levels[0])
    for sigma, following in pairwise(levels):
        clean = problem.prior.clean(x.flatten(1), sigma).view_as(x)
        x = sampler.step(clean, (x - clean) / sigma, noise(), following)
    return x.flatten(1)


def _literal(problem: Problem, levels: list[float], eta: float, eta_b: float) -> Gaussian:
    """The Gaussian of the samples from the paper's equations, in the basis of a computed decomposition."""
    left, values, basis = torch.linalg.svd(problem.matrix)
    s = torch.cat([values, torch.zeros(SIZE - len(values)).double()])
    y = torch.cat([left.T @ problem.observed / values, torch.zeros(SIZE - len(values)).double()])
    sigma_0 = problem.sigma_0
    mean, variance = y, torch.where(s > 0, levels[0] ** 2 - (sigma_0 / s) ** 2, levels[0] ** 2)
    covariance = torch.diag(variance)
    for sigma, following in pairwise(levels):
        gain = basis @ problem.prior.gain(sigma) @ basis.T
        offset = basis @ problem.prior.mean - gain @ basis @ problem.prior.mean
        rows, shifts, deviations = [], [], []
        for i in range(SIZE):
            here = torch.eye(SIZE).double()[i]
            kept = (1 - eta**2) ** 0.5 * following
            if s[i] == 0:  # equation 5
                rows.append(gain[i] + kept * (here - gain[i]) / sigma)
                shifts.append((1 - kept / sigma) * offset[i])
                deviations.append(eta * following)
            elif following < sigma_0 / s[i]:  # equation 6
                rows.append((1 - kept * s[i] / sigma_0) * gain[i])
                shifts.append((1 - kept * s[i] / sigma_0) * offset[i] + kept * s[i] / sigma_0 * y[i])
                deviations.append(eta * following)
            else:  # equation 7
                rows.append((1 - eta_b) * gain[i])
                shifts.append((1 - eta_b) * offset[i] + eta_b * y[i])
                deviations.append(float(following**2 - (sigma_0 * eta_b / s[i]) ** 2) ** 0.5)
        step = torch.stack(rows)
        mean = step @ mean + torch.stack(shifts)
        covariance = step @ covariance @ step.T + torch.diag(torch.tensor(deviations).double() ** 2)
    return Gaussian(basis.T @ mean, basis.T @ covariance @ basis)


def _assert_drawn_from(samples: Tensor, expected: Gaussian) -> None:
    """Mean and covariance agree within the Monte-Carlo error of each entry."""
    variance = expected.covariance.diagonal().clamp(min=0)
    mean_error = (variance / len(samples)).sqrt() + 1e-9
    products = variance[:, None] * variance[None] + expected.covariance**2
    covariance_error = (products / (len(samples) - 1)).sqrt() + 1e-9
    assert ((samples.mean(0) - expected.mean) / mean_error).abs().max() < Z_LIMIT
    assert ((torch.cov(samples.T) - expected.covariance) / covariance_error).abs().max() < Z_LIMIT


@every_problem
@pytest.mark.parametrize(("eta", "eta_b"), [(0.85, 1.0), (0.3, 0.4)])
def test_samples_are_those_of_the_papers_equations(name: str, eta: float, eta_b: float) -> None:
    problem, levels = _problem(name, _smooth_prior()), noise_levels(20)
    _assert_drawn_from(_draw(problem, levels, eta, eta_b), _literal(problem, levels, eta, eta_b))


@every_problem
def test_mean_is_near_that_of_the_posterior(name: str) -> None:
    """The method is no exact sampler of the posterior; its mean goes most of the way there from the prior's."""
    problem = _problem(name, _smooth_prior())
    restored, posterior = _literal(problem, noise_levels(20), 0.85, 1.0), problem.posterior
    assert (restored.mean - posterior.mean).norm() < 0.25 * (problem.prior.mean - posterior.mean).norm()


@pytest.mark.parametrize("name", ["inpainting", "pooling"])
def test_samples_are_those_of_the_posterior_where_the_unobserved_is_independent(name: str) -> None:
    smooth, (operator, _) = _smooth_prior(), OPERATORS[name]
    seen = operator.project(torch.eye(SIZE).double().view(SIZE, *SHAPE)).flatten(1)
    unseen = torch.eye(SIZE).double() - seen
    covariance = seen @ smooth.covariance @ seen + unseen @ smooth.covariance @ unseen
    problem = _problem(name, Gaussian(smooth.mean, covariance + 1e-12 * torch.eye(SIZE).double()))
    levels = torch.logspace(2, -3, 200).tolist()
    _assert_drawn_from(_draw(problem, [*levels, 0.0], 0.0, 1.0, samples=2000), problem.posterior)


@pytest.mark.parametrize("name", ["inpainting", "pooling"])
def test_observation_without_noise_is_kept(name: str) -> None:
    problem = _problem(name, _smooth_prior())
    samples = _draw(problem, noise_levels(20), 0.85, 1.0, samples=10)
    again = problem.operator.observe(samples.view(-1, *SHAPE))
    torch.testing.assert_close(again, problem.y.expand_as(again))


def test_twenty_steps_go_from_950_to_0() -> None:
    assert timesteps(20) == list(range(950, -1, -50))
    assert len(timesteps(30)) == 30
    levels = noise_levels(20)
    assert levels == sorted(levels, reverse=True)
    assert levels[-2:] == [pytest.approx(0.0100005, rel=1e-4), 0.0]
