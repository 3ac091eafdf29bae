import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rsi.perceptual import channel_sums
from rsi.perceptual.unit_distance import unit_distances, unit_vectors

EPSILON = 1e-6


def literal(x: Tensor, y: Tensor, weight: Tensor | None) -> Tensor:
    x, y = x.double(), y.double()
    a, b = (z / (z.square().sum(1, keepdim=True) + EPSILON).sqrt() for z in (x, y))
    squares = (a - b).square()
    weighted = squares if weight is None else squares * weight[:, None, None]
    return weighted.sum(1).mean((1, 2))


@pytest.fixture(params=[2**18, 7])
def tile(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_sums, "TILE", request.param)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.usefixtures("tile")
def test_values_and_gradients_are_those_of_normalising_first(weighted: bool, dtype: torch.dtype) -> None:
    x, y = ([torch.randn(2, c, 12 // c, 4).to(dtype) for c in (6, 3)] for _ in range(2))
    x[0][0, :, 0, 0] = 0
    weights = [torch.rand(6), torch.rand(3)] if weighted else None
    first, second = ([maps.clone().requires_grad_() for maps in x] for _ in range(2))
    ours = unit_distances(first, *unit_vectors(y, weights, EPSILON), weights, EPSILON)
    theirs = torch.stack([literal(second[i], y[i], weights[i] if weights else None) for i in range(2)])
    torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-6)
    factors = torch.tensor([[1.0, -2.0], [0.5, 3.0]])
    gradients = torch.autograd.grad((ours * factors).sum(), first)
    expected = torch.autograd.grad((theirs * factors).sum(), second)
    for gradient, reference in zip(gradients, expected, strict=True):
        assert gradient.dtype == dtype
        torch.testing.assert_close(gradient, reference, rtol=1e-4 if dtype == torch.float32 else 1e-2, atol=1e-5)


@pytest.mark.usefixtures("tile")
def test_unit_vectors_keep_the_layout_of_the_features() -> None:
    features = torch.randn(2, 5, 3, 4).contiguous(memory_format=torch.channels_last)
    (units,), energies = unit_vectors([features], None, 1e-12)
    torch.testing.assert_close(units, F.normalize(features))
    assert units.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(energies, torch.ones(1, 2))


def test_bits_do_not_depend_on_the_number_of_threads() -> None:
    x, y = (torch.randn(1, 64, 150, 150).contiguous(memory_format=torch.channels_last) for _ in range(2))
    before, weights = torch.get_num_threads(), [torch.rand(64)]
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            leaf = x.clone().requires_grad_()
            units, energies = unit_vectors([y], weights, EPSILON)
            distances = unit_distances([leaf], units, energies, weights, EPSILON)
            found.append([*units, *torch.autograd.grad(distances.sum(), leaf)])
    finally:
        torch.set_num_threads(before)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_vanishing_features_have_a_finite_gradient() -> None:
    x = torch.zeros(1, 3, 2, 2, requires_grad=True)
    units, energies = unit_vectors([torch.randn(1, 3, 2, 2)], None, 1e-20)
    unit_distances([x], units, energies, None, 1e-20).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert bool(x.grad.isfinite().all())
