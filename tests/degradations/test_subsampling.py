import pytest
import torch
from torch.nn import functional as F

from rsi.degradations import AveragePooling, Degradation, NearestNeighbour
from rsi.errors import InputError
from rsi.numerics.randomness import ImageRandom

IMAGES = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0)).mul(255).round() / 255


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
