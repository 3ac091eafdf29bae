import pytest
import torch

from rsi.degradations import GaussianNoise
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

GREY = torch.full((1, 3, 64, 64), 0.5)


def test_headroom_keeps_the_noise_whole() -> None:
    stored = GaussianNoise(0.5, headroom=3).degrade(GREY, ImageRandom([1]))
    noise = (stored * 4 - 1.5) - GREY
    assert float(noise.mean()) == pytest.approx(0, abs=0.02)
    assert float(noise.std()) == pytest.approx(0.5, rel=0.02)


def test_without_headroom_it_is_clamped() -> None:
    stored = GaussianNoise(0.5).degrade(GREY, ImageRandom([1]))
    assert float((stored == 0).float().mean()) == pytest.approx(0.159, abs=0.02)
    assert float((stored == 1).float().mean()) == pytest.approx(0.159, abs=0.02)


@pytest.mark.parametrize("settings", [(-0.1, 0), (0.5, -1), (float("nan"), 0), (float("inf"), 0)])
def test_bad_settings(settings: tuple[float, float]) -> None:
    with pytest.raises(InputError, match=r"gaussian:(sigma|headroom)=.*: give a number of at least 0"):
        GaussianNoise(*settings)
