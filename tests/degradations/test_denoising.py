from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from rsi.degradations import Denoising
from rsi.degradations.levels import LEVEL_SETTINGS
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

LEVELS = [tuple(settings.values()) for settings in LEVEL_SETTINGS["noise"].values()]
GREYS = (0.0, 0.05, 0.2, 0.5, 0.8, 1.0)


def grey(value: float, side: int = 128) -> Tensor:
    return torch.full((4, 3, side, side), value)


@cache
def reference(value: float, k_p: float, k_b: float, draws: int = 400_000) -> tuple[float, float]:
    """Mean and standard deviation of NumPy's noise."""
    numbers = np.random.default_rng(0)
    kept = numbers.random(draws) >= k_b
    noisy = np.clip(numbers.poisson(k_p * value, draws) * kept / k_p, 0, 1)
    return float(noisy.mean()), float(noisy.std())


@pytest.mark.parametrize(("k_p", "k_b"), LEVELS)
@pytest.mark.parametrize("value", GREYS)
def test_the_true_operator_has_the_moments_of_numpys_noise(k_p: float, k_b: float, value: float) -> None:
    noisy = Denoising(k_p, k_b).degrade(grey(value), ImageRandom(range(4)))
    mean, deviation = reference(value, k_p, k_b)
    assert noisy.mean().item() == pytest.approx(mean, abs=0.005)
    assert noisy.std().item() == pytest.approx(deviation, abs=0.005)


@pytest.mark.parametrize(("k_p", "k_b"), LEVELS)
@pytest.mark.parametrize("value", [0.2, 0.5, 0.8])
def test_the_approximation_is_close_to_it(k_p: float, k_b: float, value: float) -> None:
    near = Denoising(k_p, k_b)(grey(value), ImageRandom(range(4)))
    mean, deviation = reference(value, k_p, k_b)
    tolerance = 0.1 / k_p**0.5  # clamping cuts the two noises' tails differently
    assert near.mean().item() == pytest.approx(mean, abs=tolerance)
    assert near.std().item() == pytest.approx(deviation, abs=tolerance)


@pytest.mark.parametrize(("k_p", "k_b"), LEVELS)
@pytest.mark.parametrize("color", [(0.02, 0.02, 0.02), (0.1, 0.05, 0.02), (0.5, 0.3, 0.1), (0.9, 0.8, 0.7)])
def test_approximation_that_is_told_lost_pixels_is_as_bright_as_the_target(
    k_p: float, k_b: float, color: tuple[float, float, float]
) -> None:
    x = torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, 400, 400)
    target = Denoising(k_p, k_b).degrade(x, ImageRandom([0]))
    seen = target.amax(1, keepdim=True) > 0
    near = Denoising(k_p, k_b).keeping(seen.to(x))(x, ImageRandom([1]))
    bias = near.mean((0, 2, 3)) - target.mean((0, 2, 3))
    assert bias.abs().max().item() < 0.01  # most at XL, where much of the normal noise is clamped at 0


def test_without_lost_pixels_black_ones_are_dark() -> None:
    operator = Denoising(24, 0)
    assert operator.keeping(torch.zeros(1, 1, 8, 8)) is operator


def test_the_papers_offset_darkens_by_half_a_photon() -> None:
    random = ImageRandom(range(4))
    plain = Denoising(96, 0)(grey(0.5), random)
    papers = Denoising(96, 0, offset=0.5)(grey(0.5), ImageRandom(range(4)))
    torch.testing.assert_close(plain - papers, torch.full_like(plain, 0.5 / 96), atol=1e-6, rtol=0)


@pytest.mark.parametrize("true", [True, False])
def test_channels_of_a_pixel_are_lost_together(true: bool) -> None:
    operator = Denoising(1e4, 0.3)
    noisy = (operator.degrade if true else operator)(grey(0.5), ImageRandom(range(4)))
    lost = noisy == 0
    assert torch.equal(lost.all(dim=1), lost.any(dim=1))
    assert lost.float().mean().item() == pytest.approx(0.3, abs=0.01)


def test_the_gradient_is_that_of_the_formula() -> None:
    x = torch.linspace(0.1, 0.9, 64, dtype=torch.float64).view(1, 1, 8, 8).repeat(1, 3, 1, 1).requires_grad_()
    y = Denoising(400, 0)(x, ImageRandom([0]))
    (gradient,) = torch.autograd.grad(y.sum(), x)
    normal = (400 * y - 400 * x) / (400 * x).sqrt()
    slope = 1 + normal / (2 * (400 * x).sqrt())
    inside = (y > 0) & (y < 1)
    expected = clamp_slope(x) * slope * clamp_slope(y)
    torch.testing.assert_close(gradient[inside], expected[inside].detach())


def clamp_slope(p: Tensor) -> Tensor:
    s = torch.sigmoid(2 * (p - 0.5))
    return 2 * s * (1 - s)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1e-12])
def test_black_pixels_have_bounded_gradients(value: float) -> None:
    x = grey(value).requires_grad_()
    (gradient,) = torch.autograd.grad(Denoising(6, 0)(x, ImageRandom(range(4))).sum(), x)
    assert gradient.isfinite().all()
    assert gradient.abs().max() < 1
    assert gradient.abs().min() > 0


def test_black_stays_black() -> None:
    assert Denoising(6, 0)(grey(0.0), ImageRandom(range(4))).count_nonzero() == 0


@pytest.mark.parametrize(
    ("k_p", "k_b", "offset", "message"),
    [
        (0, 0.1, 0.5, "noise:k_p=0: give a number above 0"),
        (float("nan"), 0.1, 0.5, "noise:k_p=nan"),
        (float("inf"), 0.1, 0.5, "noise:k_p=inf"),
        (24, 1, 0.5, "noise:k_b=1: give a probability from 0 to below 1"),
        (24, -0.1, 0.5, "noise:k_b=-0.1"),
        (24, float("nan"), 0.5, "noise:k_b=nan"),
        (24, 0.1, float("inf"), "noise:offset=inf: give a finite number"),
    ],
)
def test_numbers_out_of_range_are_errors(k_p: float, k_b: float, offset: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Denoising(k_p, k_b, offset)


def test_strengths_are_reported() -> None:
    assert Denoising(24, 0.16).read_parameters(0) == {"k_p": 24, "k_b": 0.16}
