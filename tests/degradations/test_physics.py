from typing import Any

import deepinv
import pytest
import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.degradations.physics import PhysicsDegradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

physics: Any = deepinv.physics
IMAGES = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(0))
BLUR = physics.functional.blur.gaussian_blur(sigma=(2.0, 2.0))
OPERATORS: dict[str, Any] = {
    "denoising": lambda: physics.Denoising(physics.GaussianNoise(0.1)),
    "poisson": lambda: physics.Denoising(physics.PoissonNoise(0.05)),
    "blur": lambda: physics.BlurFFT((3, 32, 32), filter=BLUR),
    "downsampling": lambda: physics.Downsampling((3, 32, 32), factor=4, filter="bicubic"),
    "inpainting": lambda: physics.Inpainting((3, 32, 32), mask=0.5),
    "decolorize": lambda: physics.Decolorize(),
    "compressed sensing": lambda: physics.CompressedSensing(1500, (3, 32, 32)),
}


def _random(seeds: tuple[int, ...] = (1, 2, 3), step: int = 0) -> ImageRandom:
    return ImageRandom(seeds, step)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_of_deepinv_gives_pictures_with_gradients(name: str) -> None:
    operator = PhysicsDegradation(OPERATORS[name]())
    x = IMAGES.clone().requires_grad_()
    y = operator(x, _random())
    assert y.shape[:2] == (3, 3)
    y.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert (x.grad.flatten(1) != 0).any(1).all()


@pytest.mark.parametrize("name", OPERATORS)
def test_an_image_is_degraded_as_if_it_were_alone(name: str) -> None:
    operator = PhysicsDegradation(OPERATORS[name]())
    batch = operator.degrade(IMAGES, _random())
    alone = operator.degrade(IMAGES[1:2], _random((2,)))
    torch.testing.assert_close(batch[1:2], alone, rtol=0, atol=1e-6)


def test_noise_is_drawn_anew_at_every_step_and_leaves_the_global_generator_alone() -> None:
    operator = PhysicsDegradation(OPERATORS["denoising"]())
    state = torch.get_rng_state()
    first, again, other = (operator(IMAGES, _random(step=step)) for step in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(state, torch.get_rng_state())


def test_a_generator_of_the_noise_model_is_seeded_too() -> None:
    noise = physics.GaussianNoise(0.1, rng=torch.Generator())
    operator = PhysicsDegradation(physics.Denoising(noise))
    torch.testing.assert_close(operator(IMAGES, _random())[2:], operator(IMAGES[2:], _random((3,))))


def test_pictures_are_what_deepinv_measures() -> None:
    blur = OPERATORS["blur"]()
    torch.testing.assert_close(PhysicsDegradation(blur)(IMAGES, _random()), blur(IMAGES))


def test_the_gradient_of_additive_noise_is_that_of_the_operator() -> None:
    blur = physics.BlurFFT((3, 32, 32), filter=BLUR, noise_model=physics.GaussianNoise(0.1))
    x = IMAGES.clone().requires_grad_()
    PhysicsDegradation(blur)(x, _random()).square().sum().backward()
    y = PhysicsDegradation(blur)(IMAGES, _random())
    torch.testing.assert_close(x.grad, 2 * blur.A_adjoint(y), rtol=1e-4, atol=1e-4)


def test_parameters_of_single_images_are_taken_apart() -> None:
    sigma = torch.tensor([0.0, 0.1, 0.5])
    masks = (torch.rand(3, 1, 32, 32) > 0.5).float()
    inpainting = physics.Inpainting((1, 32, 32), mask=masks, noise_model=physics.GaussianNoise(sigma))
    noise = PhysicsDegradation(inpainting)(IMAGES, _random()) - IMAGES * masks
    spread = torch.stack([values[:, mask[0] > 0].std() for values, mask in zip(noise, masks, strict=True)])
    assert spread[0] == 0
    torch.testing.assert_close(spread[1:], sigma[1:], rtol=0.05, atol=0)


def _target(shape: tuple[int, ...]) -> Target:
    return Target("a.png", torch.zeros(shape), torch.ones(1, *shape[1:]), 0, (0, 0, shape[2], shape[1]))


def test_targets_of_another_size_are_refused() -> None:
    operator = PhysicsDegradation(OPERATORS["downsampling"]())
    assert operator.bind([_target((3, 8, 8))], 32) is operator
    with pytest.raises(InputError, match=r"a\.png is \(3, 16, 16\), Downsampling makes \(3, 8, 8\) of a 32 px image"):
        operator.bind([_target((3, 16, 16))], 32)


class _Vector(nn.Module):
    noise_model = sensor_model = nn.Identity()

    def A(self, x: Tensor) -> Tensor:  # noqa: N802 - deepinv's name
        return x.flatten(1)

    noise = sensor = staticmethod(lambda x: x)


def test_what_is_no_picture_and_cannot_be_made_one_is_refused() -> None:
    with pytest.raises(InputError, match="what _Vector measures is no picture of 1 or 3 channels"):
        PhysicsDegradation(_Vector())(IMAGES, _random())
