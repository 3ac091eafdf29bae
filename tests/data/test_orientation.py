import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from rsi.data.orientation import as_stored, swaps_axes, upright, upright_box
from rsi.numerics.size import Size

ORIENTATIONS = range(1, 9)


def numbered(height: int, width: int) -> torch.Tensor:
    return torch.arange(height * width, dtype=torch.uint8).reshape(1, height, width)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_upright_agrees_with_pillow(orientation: int) -> None:
    stored = numbered(3, 5)
    image = Image.fromarray(stored[0].numpy())
    image.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(image))
    np.testing.assert_array_equal(upright(stored, orientation)[0].numpy(), expected)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_as_stored_undoes_upright(orientation: int) -> None:
    stored = numbered(4, 7).expand(2, 3, 4, 7)
    torch.testing.assert_close(as_stored(upright(stored, orientation), orientation), stored)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_swaps_axes_says_whether_the_shape_changes(orientation: int) -> None:
    turned = upright(numbered(3, 5), orientation)
    assert turned.shape[-2:] == ((5, 3) if swaps_axes(orientation) else (3, 5))


def test_upright_is_differentiable() -> None:
    stored = torch.rand(3, 4, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: upright(x, 6), (stored,))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_upright_box_follows_the_pixels(orientation: int) -> None:
    left, top, width, height = 1, 2, 4, 3
    stored = torch.zeros(1, 9, 7)
    stored[:, top : top + height, left : left + width] = 1
    size = Size.of(upright(stored, orientation))
    left, top, width, height = upright_box((left, top, width, height), size, orientation)
    expected = torch.zeros(1, *size)
    expected[:, top : top + height, left : left + width] = 1
    assert torch.equal(upright(stored, orientation), expected)
