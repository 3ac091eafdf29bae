import math

import pytest
import torch

from rsi.methods.pulse import geocross


def test_is_the_double_loop_over_slots() -> None:
    ws = torch.randn(2, 5, 16, generator=torch.Generator().manual_seed(0))
    for image, found in zip(ws, geocross(ws), strict=True):
        squares = []
        for a in image:
            for b in image:
                angle = 2 * math.atan2(float((a - b).norm()), float((a + b).norm()))
                squares.append(angle**2)
        assert float(found) == pytest.approx(sum(squares) / len(squares) * 16 / 8, rel=1e-5)


def test_is_the_angle_of_codes_of_equal_length() -> None:
    ws = torch.tensor([[[3.0, 0.0], [0.0, 3.0]]])
    assert float(geocross(ws)) == pytest.approx((math.pi / 2) ** 2 / 2 * 2 / 8, rel=1e-5)


def test_equal_codes_cost_nothing_and_have_a_finite_gradient() -> None:
    ws = torch.ones(1, 4, 8, requires_grad=True)
    value = geocross(ws)
    value.backward()  # type: ignore[no-untyped-call]
    assert float(value) == pytest.approx(0, abs=1e-9)
    assert ws.grad is not None
    assert ws.grad.isfinite().all()


def test_gradient_is_that_of_the_formula() -> None:
    ws = torch.randn(1, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(geocross, ws)
