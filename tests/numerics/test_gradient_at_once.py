import torch
from torch import Tensor

from rsi.numerics.per_image import gradient_at_once


def losses(codes: Tensor) -> dict[str, Tensor]:
    squares = codes.square().sum((1, 2))
    return {"squares": squares, "total": squares + codes.sin().sum((1, 2))}


def test_terms_and_gradient_are_those_of_autograd() -> None:
    codes = torch.randn(2, 3, 4, requires_grad=True)
    weight = torch.tensor([1.0, -2.0])
    expected, found = losses(codes), gradient_at_once(losses, codes)
    assert list(found) == ["squares", "total"]
    assert [name for name in expected if not torch.equal(found[name], expected[name])] == []
    gradients = [torch.autograd.grad((terms["total"] * weight).sum(), codes)[0] for terms in (found, expected)]
    torch.testing.assert_close(*gradients)


def test_nothing_is_kept_for_the_gradient() -> None:
    codes, kept = torch.randn(1, 3, 4, requires_grad=True), list[Tensor]()

    def keep(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        terms = gradient_at_once(lambda codes: {"total": (codes.exp() * codes).sum((1, 2))}, codes)
        during = len(kept)
        torch.autograd.backward(terms["total"].sum())
    assert during == len(kept)
    assert codes.grad is not None


def test_without_gradients_the_losses_are_only_computed() -> None:
    with torch.no_grad():
        terms = gradient_at_once(losses, torch.randn(2, 3, 4, requires_grad=True))
    assert not terms["total"].requires_grad
