from dataclasses import replace

import numpy as np
import pytest
import torch
from literal_stylegan3 import Reference, random_generator
from torch import Tensor

from rsi.generators import Generator
from rsi.generators.schedule import Schedule
from rsi.methods.restoration import expand

T = Schedule(
    3, 0, 4, 16, channel_base=48, channel_max=5, num_layers=5, margin_size=3, first_cutoff=1.0, first_stopband=2**1.1
)
R = replace(T, conv_kernel=1, use_radial_filters=True, channel_base=96, channel_max=6)
CLAMPED = replace(T, conv_clamp=0.9)
KINDS = pytest.mark.parametrize("schedule", [T, R, CLAMPED], ids=["T", "R", "clamped"])
SPACES = pytest.mark.parametrize("space", ["W", "W+", "W++"])


def random_codes(generator: Generator, space: str, batch: int) -> Tensor:
    counts = {"W": (), "W+": (generator.num_ws,), "W++": (sum(generator.filters),)}
    return torch.randn(batch, *counts[space], generator.w_dim, generator=torch.Generator().manual_seed(batch))


def slots_of(codes: Tensor, generator: Generator) -> list[np.ndarray]:
    return [
        slot.double().numpy()
        for slot in torch.split(expand(codes[None], "W++", generator.filters)[0], [*generator.filters])
    ]


@KINDS
@SPACES
def test_images_agree_with_a_literal_implementation(schedule: Schedule, space: str) -> None:
    generator = random_generator(schedule)
    codes = random_codes(generator, space, 2)
    motion = torch.tensor([[0.9, -0.3, 0.1], [0.2, 1.1, -0.2], [0, 0, 1]]).expand(2, 3, 3)
    expected = Reference(schedule, generator).render(slots_of(codes[1], generator), motion[1].double().numpy())
    drawn = generator.synthesis(codes, None, motion)[1]
    torch.testing.assert_close(drawn, torch.from_numpy(expected).float(), atol=1e-5, rtol=0)


@KINDS
@SPACES
def test_gradients_agree_with_finite_differences(schedule: Schedule, space: str) -> None:
    tiny = replace(schedule, img_resolution=8, num_layers=3, margin_size=1, channel_base=12, channel_max=4)
    generator = random_generator(tiny).double()
    codes = random_codes(generator, space, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(generator.synthesis, codes, fast_mode=True)
