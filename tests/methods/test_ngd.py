import pytest
import torch
from torch import nn

from rsi.methods.restoration import NGD


def step(latent: torch.Tensor, gradient: torch.Tensor, lr: float = 0.5) -> torch.Tensor:
    parameter = nn.Parameter(latent.clone())
    parameter.grad = gradient
    NGD([parameter], lr).step()
    return parameter.detach()


@pytest.mark.parametrize("shape", [(2, 6), (2, 3, 6)])
def test_every_code_moves_by_lr_against_its_gradient(shape: tuple[int, ...]) -> None:
    latent, gradient = torch.randn(shape), torch.randn(shape)
    moved = step(latent, gradient) - latent
    torch.testing.assert_close(moved.norm(dim=-1), torch.full(shape[:-1], 0.5))
    torch.testing.assert_close(moved, -0.5 * nn.functional.normalize(gradient, dim=-1))


def test_scale_of_the_loss_does_not_matter() -> None:
    latent, gradient = torch.randn(2, 3, 6), torch.randn(2, 3, 6)
    torch.testing.assert_close(step(latent, gradient), step(latent, gradient * 1e-6))


def test_code_with_zero_gradient_does_not_move() -> None:
    latent, gradient = torch.randn(2, 6), torch.randn(2, 6)
    gradient[1] = 0
    moved = step(latent, gradient)
    assert torch.equal(moved[1], latent[1])
    assert not torch.equal(moved[0], latent[0])


def test_latent_without_gradient_does_not_move() -> None:
    parameter = nn.Parameter(torch.ones(1, 4))
    NGD([parameter], 0.5).step()
    assert torch.equal(parameter, torch.ones(1, 4))


def test_closure_is_evaluated_with_gradients() -> None:
    parameter = nn.Parameter(torch.tensor([[3.0, 4.0]]))
    optimizer = NGD([parameter], 1.0)

    def closure() -> float:
        optimizer.zero_grad()
        loss = parameter.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    assert optimizer.step(closure) == 25
    torch.testing.assert_close(parameter.detach(), torch.tensor([[2.4, 3.2]]))
