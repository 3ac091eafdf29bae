from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from rsi.data.pictures import to_picture
from rsi.degradations import Gray, parse_degradation
from rsi.numerics.randomness import ImageRandom


def test_it_is_the_grey_of_pillow(photographs: Callable[[int], Tensor]) -> None:
    x = photographs(64)
    for image, gray in zip(x, Gray().degrade(x, ImageRandom(range(4))), strict=True):
        expected = np.asarray(to_picture(image).convert("L")).astype(int)
        ours = np.asarray(to_picture(gray)).astype(int)
        assert (np.abs(ours - expected[..., None]) <= 1).all()
        assert (ours[..., 0] == expected).mean() > 0.99


def test_old_films_do_not_see_red() -> None:
    red, blue = (torch.zeros(1, 3, 2, 2).index_fill_(1, torch.tensor([channel]), 1) for channel in (0, 2))
    seen = {film: parse_degradation(f"gray:film={film}") for film in ("pan", "ortho", "blue")}
    reds = [float(seen[film](red, ImageRandom([0])).mean()) for film in seen]
    assert (reds[0] > 0.3, *reds[1:]) == (True, 0, 0)
    assert float(seen["blue"](blue, ImageRandom([0])).mean()) == 1
    white = torch.ones(1, 3, 2, 2)
    for operator in (Gray(), *seen.values()):
        torch.testing.assert_close(operator(white, ImageRandom([0])), white)
    assert seen["ortho"].read_parameters(0) == {"film": "ortho"}
