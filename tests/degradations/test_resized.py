import gc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from rsi.data.pictures import to_picture
from rsi.degradations import Blur, Resized
from rsi.degradations.downsampling import FILTERS
from rsi.degradations.pillow import BY_NAME, resizing_matrix
from rsi.numerics.randomness import ImageRandom

Photographs = Callable[[int], Tensor]


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize(("old", "new"), [(64, 24), (24, 64), (64, 1), (7, 50)])
def test_matrices_resize_as_pillow_does(name: str, old: int, new: int) -> None:
    x = np.random.default_rng(0).random((old, old), dtype=np.float32)
    matrix = resizing_matrix(old, new, BY_NAME[name]).numpy()
    expected = np.asarray(Image.fromarray(x).resize((new, new), BY_NAME[name]))
    np.testing.assert_allclose(matrix @ x @ matrix.T, expected, atol=1e-5)


@pytest.mark.parametrize(("factor", "side"), [(2.67, 24), (1.5, 43), (100, 1)])
def test_the_true_operator_goes_by_way_of_a_small_picture(photographs: Photographs, factor: float, side: int) -> None:
    image = photographs(64)[0]
    truly = Resized(factor, "lanczos").degrade(image.expand(30, -1, -1, -1), ImageRandom(range(30)))
    ways = [
        np.asarray(to_picture(image).resize((side, side), down).resize((64, 64), Image.Resampling.LANCZOS))
        for down in FILTERS
    ]
    found = {[np.array_equal(way, np.asarray(to_picture(y))) for way in ways].index(True) for y in truly}
    assert found == ({0, 1, 2} if side > 1 else {0, 1}) or side == 1


@pytest.mark.parametrize("name", BY_NAME)
def test_the_approximation_is_pillows_bicubic_way(photographs: Photographs, name: str) -> None:
    image = photographs(64)[0]
    ours = to_picture(Resized(2.67, name)(image[None], ImageRandom([0]))[0])  # type: ignore[arg-type]
    small = to_picture(image).resize((24, 24), Image.Resampling.BICUBIC)
    difference = np.asarray(ours).astype(int) - np.asarray(small.resize((64, 64), BY_NAME[name]))
    assert np.abs(difference).mean() < 0.6


def test_what_it_has_computed_goes_with_it() -> None:
    gc.collect()
    before = sum(type(thing) is Tensor for thing in gc.get_objects())
    for factor in range(2, 12):
        Resized(factor)(torch.rand(1, 3, 16, 16), ImageRandom([0]))
        Blur(radius=factor)(torch.rand(1, 3, 16, 16), ImageRandom([0]))
    gc.collect()
    assert sum(type(thing) is Tensor for thing in gc.get_objects()) <= before


def test_its_settings_are_read() -> None:
    assert Resized(2.67).read_parameters(0) == {"resized_factor": 2.67, "resized_filter": "bicubic"}
    assert Resized(2.67).factor == 1
    assert Resized(2)(torch.rand(1, 3, 8, 8), ImageRandom([0])).shape == (1, 3, 8, 8)
