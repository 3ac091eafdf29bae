from functools import cache
from typing import Any

import deepinv
import pytest
import torch
from torch import Tensor, nn

from rsi.data.target import Target
from rsi.degradations.physics import PhysicsDegradation
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

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


@cache
def made(name: str) -> Any:
    """An operator; that of compressed sensing takes seconds to make."""
    return OPERATORS[name]()


def _random(seeds: tuple[int, ...] = (1, 2, 3), step: int = 0) -> ImageRandom:
    return ImageRandom(seeds, step)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_of_deepinv_gives_pictures_with_gradients(name: str) -> None:
    operator = PhysicsDegradation(made(name))
    x = IMAGES.clone().requires_grad_()
    y = operator(x, _random())
    assert y.shape[:2] == (3, 3)
    y.square().sum().backward()
    assert x.grad is not None
    assert x.grad.isfinite().all()
    assert (x.grad.flatten(1) != 0).any(1).all()


@pytest.mark.parametrize("name", OPERATORS)
def test_an_image_is_degraded_as_if_it_were_alone(name: str) -> None:
    operator = PhysicsDegradation(made(name))
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


PER_IMAGE: dict[str, Any] = {
    "mask": lambda: physics.Inpainting((3, 32, 32), mask=(torch.rand(3, 1, 32, 32) > 0.5).float()),
    "mask of every colour": lambda: physics.Inpainting((3, 32, 32), mask=(torch.rand(3, 3, 32, 32) > 0.5).float()),
    "filter": lambda: physics.BlurFFT((3, 32, 32), filter=torch.rand(3, 1, 5, 5)),
    "filter in space": lambda: physics.Blur(filter=torch.rand(3, 1, 5, 5), padding="circular"),
    "filter of a composition": lambda: (
        physics.Inpainting((3, 32, 32), mask=(torch.rand(3, 1, 32, 32) > 0.5).float())
        * physics.Blur(filter=torch.rand(3, 1, 5, 5), padding="circular")
    ),
    "plain attribute": lambda: _Dimmed(torch.tensor([0.1, 0.5, 0.9])),
    "colours for three images": lambda: _Tinted(),
}


class _Dimmed(physics.LinearPhysics):  # type: ignore[misc]
    def __init__(self, shares: Tensor) -> None:
        super().__init__()
        self.shares = shares

    def A(self, x: Tensor, **_: Any) -> Tensor:  # noqa: N802 - deepinv's name
        return x * self.shares.view(-1, 1, 1, 1)


class _Tinted(physics.LinearPhysics):  # type: ignore[misc]
    """Has as many colours as there are images in the tests."""

    def __init__(self) -> None:
        super().__init__()
        self.colors = nn.Parameter(torch.rand(3, 3, 1, 1))

    def A(self, x: Tensor, **_: Any) -> Tensor:  # noqa: N802 - deepinv's name
        return nn.functional.conv2d(x, self.colors)


def _targets(count: int = 3) -> list[Target]:
    known = torch.ones(1, 32, 32)
    return [Target(str(index), torch.rand(3, 32, 32), known, 0, (0, 0, 32, 32)) for index in range(count)]


@pytest.mark.parametrize("name", PER_IMAGE)
def test_a_part_of_the_batch_keeps_the_parameters_of_its_own_images(name: str) -> None:
    operator = PER_IMAGE[name]()
    targets = _targets()
    bound = PhysicsDegradation(operator).bind(targets, Size.square(32))
    torch.testing.assert_close(bound(IMAGES, _random()), operator.A(IMAGES))
    for chosen in ([1], [2, 0]):
        part = bound.bind([targets[index] for index in chosen], Size.square(32))
        torch.testing.assert_close(part(IMAGES[chosen], _random((0,) * len(chosen))), operator.A(IMAGES)[chosen])


@pytest.mark.parametrize("name", ["mask", "filter", "filter in space", "filter of a composition", "plain attribute"])
@pytest.mark.parametrize("count", [1, 2])
def test_parameters_for_another_number_of_images_are_refused(name: str, count: int) -> None:
    with pytest.raises(InputError, match=r"parameters (that are not for [12] images?|are for so many)"):
        PhysicsDegradation(PER_IMAGE[name]()).bind(_targets(count), Size.square(32))


@pytest.mark.parametrize("count", [1, 2])
def test_noise_for_another_number_of_images_is_refused(count: int) -> None:
    noisy = physics.Denoising(physics.GaussianNoise(torch.tensor([0.1, 0.2, 0.3])))
    with pytest.raises(InputError, match=r"parameters (that are not for [12] images?|are for so many)"):
        PhysicsDegradation(noisy).bind(_targets(count), Size.square(32))


def test_targets_on_another_scale_than_the_operator_are_refused() -> None:
    bright = [Target("a.png", torch.full((3, 32, 32), 255.0), torch.ones(1, 32, 32), 0, (0, 0, 32, 32))]
    message = r"a\.png has values from 255 to 255, Denoising makes from .* to .* of images in \[0, 1\]: bring them"
    with pytest.raises(InputError, match=message):
        PhysicsDegradation(OPERATORS["denoising"]()).bind(bright, Size.square(32))


def _target(shape: tuple[int, ...]) -> Target:
    return Target("a.png", torch.zeros(shape), torch.ones(1, *shape[1:]), 0, (0, 0, shape[2], shape[1]))


def test_targets_of_another_size_are_refused() -> None:
    operator = PhysicsDegradation(OPERATORS["downsampling"]())
    assert operator.bind([_target((3, 8, 8))], Size.square(32))(IMAGES, _random()).shape == (3, 3, 8, 8)
    with pytest.raises(InputError, match=r"a\.png is \(3, 16, 16\), Downsampling makes \(3, 8, 8\) of a 32 px image"):
        operator.bind([_target((3, 16, 16))], Size.square(32))


class _Vector(nn.Module):
    noise_model = sensor_model = nn.Identity()

    def A(self, x: Tensor) -> Tensor:  # noqa: N802 - deepinv's name
        return x.flatten(1)

    noise = sensor = staticmethod(lambda x: x)


def test_what_is_no_picture_and_cannot_be_made_one_is_refused() -> None:
    with pytest.raises(InputError, match="what _Vector measures is no picture of 1 or 3 channels"):
        PhysicsDegradation(_Vector())(IMAGES, _random())
