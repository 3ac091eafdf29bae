from pathlib import Path
from typing import Any

import deepinv
import pytest
import torch

from rsi.errors import InputError
from rsi.methods.restoration import Restoration
from rsi.methods.schedule import Phase

physics: Any = deepinv.physics


@pytest.fixture
def model(tiny_generator: Path) -> Restoration:
    schedule = [Phase("W", 30, 0.08), Phase("W+", 10, 0.02), Phase("W++", 5, 0.005)]
    return Restoration(str(tiny_generator), perceptual="embedded", schedule=schedule)


def _images(model: Restoration) -> torch.Tensor:
    model.configure_model()
    z = torch.randn(3, model.generator.mapping.z_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        images: torch.Tensor = model.generator.synthesis(model.generator.mapping(z)).clamp(0, 1)
    return images


def test_a_reconstructor_of_deepinv_is_called_with_measurements_and_physics(model: Restoration) -> None:
    x = _images(model)
    blur = physics.Downsampling((3, 32, 32), factor=2, filter="bicubic", noise_model=physics.GaussianNoise(0.02))
    y = blur(x)
    restored = model(y, blur)
    assert restored.shape == x.shape
    start = model.generator.synthesis(model.generator.w_avg.expand(3, -1)).clamp(0, 1)
    before, after = ((blur.A(images) - y).square().flatten(1).mean(1) for images in (start, restored))
    assert (after < 0.7 * before).all()
    assert str(model.degradation).startswith("JPEG")


def test_the_place_in_the_batch_does_not_matter(model: Restoration) -> None:
    denoising = physics.Denoising(physics.GaussianNoise(0.1))
    y = denoising(_images(model))
    assert torch.equal(model(y, denoising)[[2, 0]], model(y[[2, 0]], denoising))


def test_measurements_that_are_no_pictures_are_compared_through_the_pseudo_inverse(model: Restoration) -> None:
    x = _images(model)
    sensing = physics.CompressedSensing(1000, (3, 32, 32))
    restored = model(sensing(x), sensing)
    start = model.generator.synthesis(model.generator.w_avg.expand(3, -1)).clamp(0, 1)
    assert (restored - x).square().mean() < 0.8 * (start - x).square().mean()


def test_without_physics_the_own_degradation_is_undone(tiny_generator: Path) -> None:
    schedule = [Phase("W", 3, 0.08)]
    model = Restoration(str(tiny_generator), "upsample", perceptual="embedded", schedule=schedule)
    assert model(torch.rand(2, 3, 8, 8)).shape == (2, 3, 32, 32)


def test_sizes_that_do_not_fit_are_refused_and_the_degradation_stays(model: Restoration) -> None:
    before = model.degradation
    with pytest.raises(InputError, match="they have to agree"):
        model(torch.rand(2, 3, 16, 16), physics.Denoising())
    assert model.degradation is before
