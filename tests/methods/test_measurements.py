from pathlib import Path
from typing import Any

import deepinv
import pytest
import torch

from rsi.errors import InputError
from rsi.methods.lbrgm import LBRGM
from rsi.methods.pulse import Pulse
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


def test_a_caller_without_gradients_gets_the_same_images(tiny_generator: Path) -> None:
    model = Restoration(str(tiny_generator), "upsample", perceptual="embedded", schedule=[Phase("W", 3, 0.08)])
    y = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        without = model(y)
    assert torch.equal(without, model(y))


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


@pytest.mark.parametrize("taken", [[0], [1, 0]])
def test_images_with_a_mask_each_are_restored_as_if_alone(model: Restoration, taken: list[int]) -> None:
    masks = (torch.rand(2, 1, 32, 32, generator=torch.Generator().manual_seed(1)) > 0.5).float()
    y = physics.Inpainting((3, 32, 32), mask=masks)(_images(model)[:2])
    together = model(y, physics.Inpainting((3, 32, 32), mask=masks))
    assert torch.equal(together[taken], model(y[taken], physics.Inpainting((3, 32, 32), mask=masks[taken])))


def test_equal_measurements_keep_a_mask_each(model: Restoration) -> None:
    masks = torch.stack([torch.ones(1, 32, 32), torch.eye(32)[None]])
    restored = model(torch.zeros(2, 3, 32, 32), physics.Inpainting((3, 32, 32), mask=masks))
    assert not torch.allclose(restored[0], restored[1], atol=1e-3)


@pytest.mark.parametrize("kind", [Pulse, LBRGM])
def test_other_methods_restore_images_with_a_filter_each(tiny_generator: Path, kind: Any) -> None:
    model = kind(str(tiny_generator), perceptual="embedded", steps=2)
    blur = physics.BlurFFT((3, 32, 32), filter=torch.rand(2, 1, 5, 5) / 25)
    assert model(blur(torch.rand(2, 3, 32, 32)), blur).shape == (2, 3, 32, 32)


def test_a_wrong_number_of_parameters_is_refused(model: Restoration) -> None:
    operator = physics.Inpainting((3, 32, 32), mask=torch.ones(3, 1, 32, 32))
    with pytest.raises(InputError, match="Inpainting has parameters that are not for 2 images"):
        model(torch.rand(2, 3, 32, 32), operator)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.full((1, 3, 8, 8), 255.0), "the images have values from 255 to 255: divide them by 255"),
        (torch.rand(1, 3, 8, 8) * torch.nan, "values of the images are NaN"),
        (torch.zeros(0, 3, 8, 8), "there is none"),
        (torch.rand(1, 1, 8, 8), "grey"),
        (torch.rand(1, 3, 8, 16), "'image 0' is 16x16|the images are 16x8: give"),
        (torch.rand(1, 3, 7, 7), "'image 0' is 7x7, which does not divide 32x32"),
    ],
)
def test_tensors_that_are_no_images_are_refused_before_the_first_step(
    tiny_generator: Path, images: torch.Tensor, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        Restoration(str(tiny_generator), "upsample", perceptual="embedded")(images)


def test_images_of_another_side_than_the_generator_are_refused(tiny_generator: Path) -> None:
    model = Restoration(str(tiny_generator), "jpeg:quality=12", perceptual="embedded")
    with pytest.raises(InputError, match="the images are 16x16: give 32x32 for this degradation and generator"):
        model(torch.rand(1, 3, 16, 16))


def test_measurements_on_another_scale_are_refused(model: Restoration) -> None:
    with pytest.raises(InputError, match=r"image 0 has values .* bring them to the same scale"):
        model(torch.rand(1, 3, 32, 32) * 255, physics.Denoising(physics.GaussianNoise(0.1)))


def test_tensors_of_inference_mode_are_restored_outside_it(tiny_generator: Path) -> None:
    model = Restoration(str(tiny_generator), "upsample", perceptual="embedded", schedule=[Phase("W", 2, 0.08)])
    with torch.inference_mode():
        images = torch.rand(1, 3, 8, 8)
        with pytest.raises(InputError, match=r"outside torch\.inference_mode"):
            model(images)
    assert model(images).shape == (1, 3, 32, 32)
