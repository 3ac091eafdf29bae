import pytest
import torch

from rsi.methods.explained import share_explained

KNOWN = torch.ones(2, 1, 64, 64)


def _pictures() -> torch.Tensor:
    return torch.nn.functional.interpolate(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0)), 64)


def test_it_is_one_for_the_target_and_nothing_for_its_mean() -> None:
    target = _pictures()
    mean = target.mean((2, 3), keepdim=True).expand_as(target)
    assert share_explained(lambda _: target, target, KNOWN).tolist() == pytest.approx([1, 1])
    assert share_explained(lambda _: mean, target, KNOWN).tolist() == pytest.approx([0, 0], abs=1e-5)
    assert (share_explained(lambda _: 1 - target, target, KNOWN) < 0).all()


def test_grain_does_not_matter_and_every_image_has_its_own() -> None:
    target, noise = _pictures(), torch.randn(9, 2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    other = torch.stack([target[0], target.flip(3)[1]])
    found = share_explained(lambda draw: other + 0.3 * noise[draw], target + 0.3 * noise[8], KNOWN)
    assert found[0] > 0.97
    assert found[1] < 0.5


def test_what_is_unknown_does_not_matter() -> None:
    target, known = _pictures(), KNOWN.clone()
    known[..., :40] = 0
    drawn = target.clone()
    drawn[..., :40] = 5
    assert share_explained(lambda _: drawn, target * known, known).tolist() == pytest.approx([1, 1])
