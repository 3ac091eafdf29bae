import pytest
import torch
from PIL import Image

from rsi.degradations import quantise
from rsi.degradations.pillow import through_pillow


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_pictures_are_eight_bit_copies_in_order(dtype: torch.dtype) -> None:
    x = torch.rand(3, 3, 5, 7, dtype=dtype) * 1.2 - 0.1
    assert torch.equal(through_pillow(x, lambda _, picture: picture), quantise(x))


def test_an_edit_knows_which_picture_it_gets() -> None:
    x = (torch.arange(3.0) / 255).view(3, 1, 1, 1).expand(3, 3, 4, 4)
    indices: list[tuple[int, object]] = []

    def note(index: int, picture: Image.Image) -> Image.Image:
        indices.append((index, picture.getpixel((0, 0))))
        return picture

    through_pillow(x, note)
    assert indices == [(n, (n, n, n)) for n in range(3)]


def test_an_edit_may_change_size_and_mode() -> None:
    edited = through_pillow(torch.rand(2, 3, 8, 8), lambda _, picture: picture.convert("L").resize((4, 2)))
    assert edited.shape == (2, 3, 2, 4)
    assert torch.equal(edited[:, 0], edited[:, 1])
