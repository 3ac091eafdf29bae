from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from rsi.data.target import JpegHeader, Target
from rsi.degradations import (
    JPEG,
    Composition,
    Degradation,
    Denoising,
    Downsampling,
    Inpainting,
    quantise,
    standard_tables,
)
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size


class Recorder(Degradation):
    """Notes for which side it is bound."""

    def __init__(self, sides: list[Size]) -> None:
        super().__init__()
        self._sides = sides

    def bind(self, targets: Sequence[Target], resolution: Size) -> Degradation:
        self._sides.append(resolution)
        return self


class Darken(Degradation):
    def forward(self, x: Tensor, random: ImageRandom) -> Tensor:
        return x - 0.7


def target(side: int, name: str = "face.jpg") -> Target:
    known = torch.ones(1, side, side)
    known[..., 0] = 0
    header = JpegHeader(standard_tables(30), (2, 1))
    return Target(name, torch.zeros(3, side, side), known, seed=0, frame=(0, 0, side, side), jpeg=header)


def test_stages_follow_each_other_in_the_order_given() -> None:
    x = torch.rand(1, 3, 8, 8)
    blackened = Composition([Darken(), Inpainting(torch.zeros(1, 1, 8, 8))])
    assert blackened(x, ImageRandom([0])).count_nonzero() == 0
    other = Composition([Inpainting(torch.zeros(1, 1, 8, 8)), Darken()])
    assert torch.equal(other(x, ImageRandom([0])), torch.full_like(x, -0.7))


def test_adding_degradations_composes_them_flat() -> None:
    stages = [Downsampling(2), Denoising(24, 0.16), JPEG(12), Inpainting()]
    composed = (stages[0] + stages[1]) + Composition([stages[2] + stages[3]])
    assert isinstance(composed, Composition)
    assert composed.stages == stages


@pytest.mark.parametrize(
    ("factors", "factor"), [((1, 4), 4), ((2, 4), 8), ((None, 1), None), ((4, None), None), ((1, 1), 1)]
)
def test_the_factor_is_the_product(factors: tuple[int | None, int | None], factor: int | None) -> None:
    assert Composition([Downsampling(f) for f in factors]).factor == factor


def test_the_true_pipeline_stores_eight_bits_at_every_stage() -> None:
    x = torch.rand(2, 3, 16, 16)
    stages = [Darken(), Darken(), JPEG(50)]
    expected = JPEG(50).degrade(torch.zeros_like(x), ImageRandom([0, 1]))
    assert torch.equal(Composition(stages).degrade(x, ImageRandom([0, 1])), expected)


def test_an_operator_that_forgets_eight_bits_is_stored_with_them() -> None:
    class Careless(Darken):
        def degrade(self, x: Tensor, random: ImageRandom) -> Tensor:
            return x / 3

    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(Composition([Careless()]).degrade(x, ImageRandom([0])), quantise(x / 3))


def test_the_approximation_stores_nothing_between_stages() -> None:
    x = torch.rand(1, 3, 8, 8)
    assert torch.equal(Composition([Darken(), Darken()])(x, ImageRandom([0])), x - 0.7 - 0.7)


def test_stages_are_bound_with_the_side_of_their_own_input() -> None:
    sides: list[Size] = []
    composed = Composition([Recorder(sides), Downsampling(), Recorder(sides)])
    bound = composed.bind([target(16)], resolution=Size.square(64))
    assert sides == [(64, 64), (16, 16)]
    assert (bound.factor, composed.factor) == (4, None)


def test_all_stages_read_from_the_targets() -> None:
    composed = Composition([Downsampling(), Denoising(24, 0.16), JPEG(), Inpainting()])
    bound = composed.bind([target(16), target(16)], resolution=Size.square(64))
    parameters = {"factor": 4, "k_p": 24, "k_b": 0.16, "quality": 30, "sampling": "4:2:2"}
    assert bound.read_parameters(1) == parameters
    y = bound(torch.rand(2, 3, 64, 64), ImageRandom([0, 1]))
    assert y.shape == (2, 3, 16, 16)
    assert y[..., 0].count_nonzero() == 0


def test_errors_of_stages_name_the_file() -> None:
    with pytest.raises(InputError, match=r"'odd.jpg' is 17x17"):
        (Downsampling() + JPEG()).bind([target(17, "odd.jpg")], resolution=Size.square(64))


def test_the_size_changes_once() -> None:
    with pytest.raises(InputError, match="several degradations change the size"):
        (Downsampling(2) + Downsampling(2)).bind([target(16)], resolution=Size.square(64))


def test_an_empty_composition_is_an_error() -> None:
    with pytest.raises(InputError, match="needs at least one degradation"):
        Composition([])
