import pytest
import torch

from rsi.degradations import Composition, Degradation, parse_degradation
from rsi.degradations.inpainting import Inpainting
from rsi.degradations.kept_pixels import with_kept_pixels
from rsi.numerics.randomness import ImageRandom


def random(step: int = 0) -> ImageRandom:
    return ImageRandom([1, 2], step)


def target(operator: Degradation) -> torch.Tensor:
    return operator.degrade(torch.full((2, 3, 16, 16), 0.8), random())


def test_approximation_drops_what_the_target_lacks() -> None:
    operator = parse_degradation("noise:M")
    observed = target(operator)
    lost = observed.amax(1) == 0
    assert 0.05 < lost.float().mean() < 0.3
    known = with_kept_pixels(operator, observed)
    for step in (1, 2):
        assert torch.equal(known(torch.full((2, 3, 16, 16), 0.8), random(step)).amax(1) == 0, lost)


def test_true_operator_still_draws_its_own() -> None:
    operator = parse_degradation("noise:M")
    known, x = with_kept_pixels(operator, target(operator)), torch.full((2, 3, 16, 16), 0.8)
    assert torch.equal(known.degrade(x, random(5)), operator.degrade(x, random(5)))


def test_mask_is_seen_through_holes() -> None:
    hole = torch.ones(1, 1, 16, 16)
    hole[..., 4:8, 4:8] = 0
    operator = Composition([parse_degradation("noise:M"), Inpainting(hole)])
    known = with_kept_pixels(operator, target(operator))
    drops = [known(torch.full((2, 3, 16, 16), 0.8), random(step)).amax(1) == 0 for step in (1, 2)]
    assert torch.equal(*drops)


@pytest.mark.parametrize("spec", ["noise:M+jpeg:quality=90", "jpeg:quality=20", "upsample:factor=2", "inpaint"])
def test_others_stay_as_they_are(spec: str) -> None:
    operator = parse_degradation(spec)
    assert with_kept_pixels(operator, torch.rand(2, 3, 16, 16)) is operator
