from collections.abc import Callable

import torch
from torch import Tensor

from rsi.degradations import soft_clamp, soft_round
from rsi.degradations.surrogates import straight_through_round


def points() -> Tensor:
    """Values below, inside and above [0, 1] that are neither whole nor half numbers."""
    return torch.linspace(-2.03, 3.04, 101, dtype=torch.float64)


def gradient_at(function: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    p = p.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(p).sum(), p)
    return gradient


def slope_of(function: Callable[[Tensor], Tensor], p: Tensor) -> Tensor:
    return (function(p + 1e-6) - function(p - 1e-6)) / 2e-6


def test_soft_clamp_is_a_clamp() -> None:
    assert torch.equal(soft_clamp(points()), points().clamp(0, 1))


def test_soft_clamp_has_the_slope_of_the_sigmoid() -> None:
    slope = slope_of(lambda p: torch.sigmoid(2 * (p - 0.5)), points())
    torch.testing.assert_close(gradient_at(soft_clamp, points()), slope, atol=1e-8, rtol=0)


def test_soft_round_is_rounding() -> None:
    assert torch.equal(soft_round(points()), points().round())


def test_soft_round_has_the_slope_of_the_cubic() -> None:
    rounded = points().round()
    slope = slope_of(lambda p: 0.2 * p + 0.8 * (rounded + (p - rounded) ** 3), points())
    torch.testing.assert_close(gradient_at(soft_round, points()), slope, atol=1e-8, rtol=0)


def test_gradients_are_multiplied_by_what_comes_from_above() -> None:
    doubled = gradient_at(lambda p: 2 * soft_round(soft_clamp(p)), points())
    torch.testing.assert_close(doubled, 2 * gradient_at(lambda p: soft_round(soft_clamp(p)), points()))


def test_straight_through_round_passes_gradients() -> None:
    assert torch.equal(straight_through_round(points()), points().round())
    assert torch.equal(gradient_at(straight_through_round, points()), torch.ones_like(points()))
