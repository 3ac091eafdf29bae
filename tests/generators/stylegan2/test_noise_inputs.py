"""Noise maps in place of the generator's own."""

from pathlib import Path

import pytest
import torch

from rsi.generators import Generator, load_generator
from rsi.numerics.size import Size


@pytest.fixture
def generator(noisy_generator: Path) -> Generator:
    return load_generator(noisy_generator)


def own_maps(generator: Generator) -> dict[int, torch.Tensor]:
    constants = [value for name, value in generator.named_buffers() if name.endswith("noise_const")]
    return dict(enumerate(constants))


def test_a_map_for_every_convolution(generator: Generator) -> None:
    assert generator.synthesis.noise_sizes == [(side, side) for side in (4, 8, 8, 16, 16, 32, 32)]
    assert [Size.of(constant) for constant in own_maps(generator).values()] == generator.synthesis.noise_sizes


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
def test_its_own_maps_change_nothing(generator: Generator, space: str) -> None:
    shape = {"W": (2, 8), "W+": (2, 8, 8), "W++": (2, sum(generator.filters), 8)}[space]
    ws = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    maps = {index: value.expand(2, 1, *value.shape) for index, value in own_maps(generator).items()}
    torch.testing.assert_close(generator.synthesis(ws, maps), generator.synthesis(ws))


def test_every_image_has_its_own_noise(generator: Generator) -> None:
    ws = torch.randn(1, 8, generator=torch.Generator().manual_seed(0)).repeat(2, 1)
    noise = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    both = generator.synthesis(ws, {1: noise})
    assert not torch.allclose(both[0], both[1])
    torch.testing.assert_close(generator.synthesis(ws[1:], {1: noise[1:]}), both[1:])


def test_one_number_is_the_same_everywhere(generator: Generator) -> None:
    ws = torch.randn(1, 8, generator=torch.Generator().manual_seed(0))
    zero = generator.synthesis(ws, {6: torch.zeros(1, 1, 1, 1)})
    torch.testing.assert_close(zero, generator.synthesis(ws, {6: torch.zeros(1, 1, 32, 32)}))
    assert not torch.allclose(zero, generator.synthesis(ws))


def test_noise_has_a_gradient(generator: Generator) -> None:
    noise = torch.zeros(1, 1, 4, 4, requires_grad=True)
    generator.synthesis(torch.zeros(1, 8), {0: noise}).sum().backward()
    assert noise.grad is not None
    assert noise.grad.abs().sum() > 0
