from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data
from torch import Tensor

PHOTOGRAPHS: tuple[Callable[[], np.ndarray], ...] = (data.astronaut, data.coffee, data.chelsea, data.rocket)


@pytest.fixture(scope="session")
def photographs() -> Callable[[int], Tensor]:
    """Makes a batch of photographs of a side in pixels, [4, 3, side, side]."""

    @cache
    def made(side: int) -> Tensor:
        pictures = [_square(Image.fromarray(photograph()), side) for photograph in PHOTOGRAPHS]
        return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255

    return lambda side: made(side).clone()


def _square(picture: Image.Image, side: int) -> np.ndarray:
    shorter = min(picture.size)
    return np.asarray(picture.crop((0, 0, shorter, shorter)).resize((side, side), Image.Resampling.LANCZOS))
