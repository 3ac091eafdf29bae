import copy

import torch
from torch import Tensor, nn

from rsi.methods.pulse import SphericalAdam


def parameters() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((2, 3, 5), (2, 1, 4, 4))]


def loss(params: list[nn.Parameter]) -> Tensor:
    total = torch.zeros(())
    for p in params:
        total = total + (p - torch.arange(p.numel()).reshape(p.shape) / p.numel()).pow(4).sum()
    return total


def take(optimizer: torch.optim.Optimizer, params: list[nn.Parameter], steps: int) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        loss(params).backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def test_first_steps_are_adam_s_formula_followed_by_the_projection() -> None:
    params, lr = parameters(), 0.3
    optimizer = SphericalAdam(params, lr)
    expected = [p.detach().clone() for p in params]
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in params]
    for step in range(1, 6):
        for index, value in enumerate(expected):
            variable = nn.Parameter(value.clone())
            others = [nn.Parameter(other.clone()) for other in expected]
            others[index] = variable
            (gradient,) = torch.autograd.grad(loss(others), variable)
            m, v = moments[index]
            m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
            moments[index] = (m, v)
            moved = value - lr * (m / (1 - 0.9**step)) / ((v / (1 - 0.999**step)).sqrt() + 1e-8)
            for image in range(len(value)):
                for vector in range(value.shape[1]):
                    length = parameters()[index][image, vector].norm()
                    moved[image, vector] *= length / moved[image, vector].norm()
            expected[index] = moved.detach()
        take(optimizer, params, 1)
    for p, value in zip(params, expected, strict=True):
        torch.testing.assert_close(p.detach(), value, rtol=1e-4, atol=1e-5)


def test_every_vector_keeps_its_length() -> None:
    params = parameters()
    take(SphericalAdam(params, 0.8), params, 20)
    for p, start in zip(params, parameters(), strict=True):
        torch.testing.assert_close(p.flatten(2).norm(dim=2), start.flatten(2).norm(dim=2))
        assert not torch.equal(p, start)


def test_goes_on_from_its_state_with_the_same_bits() -> None:
    whole, stopped = parameters(), parameters()
    take(SphericalAdam(whole, 0.5), whole, 6)
    first = SphericalAdam(stopped, 0.5)
    take(first, stopped, 3)
    resumed = SphericalAdam(stopped, 0.5)
    resumed.load_state_dict(copy.deepcopy(first.state_dict()))
    take(resumed, stopped, 3)
    assert all(torch.equal(p, q) for p, q in zip(whole, stopped, strict=True))


def test_parameter_without_gradient_stays() -> None:
    params = parameters()
    optimizer = SphericalAdam(params, 0.5)
    params[0].grad = torch.ones_like(params[0])
    optimizer.step()
    assert torch.equal(params[1], parameters()[1])
    take(optimizer, params, 1)
    assert not torch.equal(params[1], parameters()[1])


def test_returns_the_loss_of_the_closure() -> None:
    params = parameters()
    assert SphericalAdam(params, 0.1).step(lambda: 3.0) == 3.0
