from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from rsi.data.pictures import to_picture
from rsi.data.target import Target
from rsi.degradations import AveragePooling, Degradation, Downsampling, NearestNeighbour
from rsi.degradations.downsampling import FILTERS
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom
from rsi.numerics.size import Size

Photographs = Callable[[int], Tensor]
IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255


def target(side: int, name: str = "cat.png") -> Target:
    return Target(name, torch.zeros(3, side, side), torch.ones(1, side, side), seed=0, frame=(0, 0, side, side))


@pytest.mark.parametrize("factor", [2, 4, 8])
def test_the_approximation_is_pillows_box_filter(photographs: Photographs, factor: int) -> None:
    x = photographs(64)
    small = Downsampling(factor)(x, ImageRandom(range(4)))
    for image, pooled in zip(x, small, strict=True):
        box = np.asarray(to_picture(image).reduce(factor)).astype(int)
        assert np.abs(box - np.asarray(to_picture(pooled))).max() <= 1  # halves may be rounded either way


def test_the_true_operator_draws_one_of_three_filters_per_image(photographs: Photographs) -> None:
    image = photographs(32)[0]
    small = Downsampling(4).degrade(image.expand(40, -1, -1, -1), ImageRandom(range(40)))
    resized = [np.asarray(to_picture(image).resize((8, 8), kernel)) for kernel in FILTERS]
    drawn = [[np.array_equal(pixels, np.asarray(to_picture(y))) for pixels in resized].index(True) for y in small]
    assert set(drawn) == {0, 1, 2}
    assert FILTERS == (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)


def test_the_factor_is_found_from_the_targets() -> None:
    unbound = Downsampling()
    bound = unbound.bind([target(32), target(32)], resolution=Size.square(128))
    assert (unbound.factor, bound.factor) == (None, 4)
    assert bound.read_parameters(1) == {"factor": 4}
    assert bound(torch.rand(2, 3, 128, 128), ImageRandom([0, 1])).shape == (2, 3, 32, 32)


def test_a_size_that_does_not_divide_is_named_with_sizes_that_do() -> None:
    message = "'cat.png' is 100x100, which does not divide 128x128: resize it to one of 128x128, 64x64, 32x32"
    with pytest.raises(InputError, match=message):
        Downsampling().bind([target(128), target(100)], resolution=Size.square(128))


def test_a_larger_target_is_refused() -> None:
    with pytest.raises(InputError, match="is 256x256, which does not divide 128x128"):
        Downsampling().bind([target(256)], resolution=Size.square(128))


def test_a_given_factor_has_to_agree() -> None:
    assert Downsampling(4).bind([target(32)], resolution=Size.square(128)).factor == 4
    with pytest.raises(InputError, match=r"'cat.png' is 32x32, which times upsample:factor=8 is not 128x128"):
        Downsampling(8).bind([target(32)], resolution=Size.square(128))


def test_an_unknown_factor_is_an_error() -> None:
    with pytest.raises(InputError, match="no factor yet"):
        Downsampling()(torch.rand(1, 3, 8, 8), ImageRandom([0]))


@pytest.mark.parametrize("factor", [0, -2])
def test_a_factor_below_one_is_an_error(factor: int) -> None:
    with pytest.raises(InputError, match=f"upsample:factor={factor}: give a whole number of at least 1"):
        Downsampling(factor)


def test_sides_that_are_no_multiples_are_an_error() -> None:
    for operator in (Downsampling(4), Downsampling(4).degrade):
        with pytest.raises(InputError, match="30x32 cannot become 4 times smaller"):
            operator(torch.rand(1, 3, 32, 30), ImageRandom([0]))


def test_average_pooling_is_exact_but_for_the_rounding() -> None:
    degraded = AveragePooling(4).degrade(IMAGES, ImageRandom([1, 2]))
    torch.testing.assert_close(degraded, F.avg_pool2d(IMAGES, 4), atol=0.5001 / 255, rtol=0)


def test_nearest_neighbour_keeps_pixels_of_the_image() -> None:
    degraded = NearestNeighbour(4).degrade(IMAGES, ImageRandom([1, 2]))
    assert torch.equal(degraded, IMAGES[..., 2::4, 2::4])


@pytest.mark.parametrize("operator", [AveragePooling(3), NearestNeighbour(3)])
def test_sides_have_to_be_multiples(operator: Degradation) -> None:
    with pytest.raises(InputError, match="16x16 cannot become 3 times smaller"):
        operator.degrade(IMAGES, ImageRandom([1, 2]))


def test_the_message_names_the_operator() -> None:
    with pytest.raises(InputError, match="nearest:factor=0: give a whole number"):
        NearestNeighbour(0)
