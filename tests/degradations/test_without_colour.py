import numpy as np
import torch

from rsi.data.colour import luminance
from rsi.data.pictures import to_picture
from rsi.degradations import parse_degradation
from rsi.degradations.without_colour import Luminance
from rsi.numerics.randomness import ImageRandom


def test_luminance_is_that_of_pillow() -> None:
    image = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0))
    ours = to_picture(luminance(image)).getchannel(0)
    difference = np.asarray(ours, dtype=int) - np.asarray(to_picture(image).convert("L"), dtype=int)
    assert np.abs(difference).max() <= 1


def test_some_images_of_a_batch_lose_their_colour() -> None:
    x = torch.rand(2, 3, 8, 8).requires_grad_()
    operator = parse_degradation("jpeg:quality=20") + Luminance([True, False])
    y = operator(x, ImageRandom([0, 1]))
    torch.testing.assert_close(y[0], luminance(y[0]))
    assert not torch.allclose(y[1], luminance(y[1]), atol=1e-3)
    (gradient,) = torch.autograd.grad(y.sum(), x)
    assert gradient.isfinite().all()
