import pytest
import torch
from torch import Tensor

from rsi.perceptual.unit_distance import normalise, unit_distance


def literal(x: Tensor, u: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    squares = (normalise(x, epsilon) - u).square()
    weighted = squares if weight is None else squares * weight[:, None, None]
    return weighted.sum(1).mean((1, 2))


@pytest.mark.parametrize("weighted", [False, True])
def test_value_and_gradient_are_those_of_normalising_first(weighted: bool) -> None:
    x, y = torch.randn(2, 2, 5, 3, 4)
    x[0, :, 0, 0] = 0
    u, weight = normalise(y, 1e-6), torch.rand(5) if weighted else None
    first, second = (x.detach().clone().requires_grad_() for _ in range(2))
    ours, theirs = unit_distance(first, u, weight, 1e-6), literal(second, u, weight, 1e-6)
    torch.testing.assert_close(ours, theirs)
    factors = torch.tensor([1.0, -2.0])
    gradients = (
        torch.autograd.grad((ours * factors).sum(), first),
        torch.autograd.grad((theirs * factors).sum(), second),
    )
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_vanishing_features_have_a_finite_gradient() -> None:
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    unit_distance(x, normalise(torch.randn(1, 3, 2, 2), 1e-20), None, 1e-20).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
