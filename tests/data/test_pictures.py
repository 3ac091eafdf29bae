import numpy as np
import torch
from PIL import Image

from rsi.data.pictures import CAPTION_HEIGHT, GAP, side_by_side, split_row, stack, to_picture


def test_picture_rounds_and_clamps() -> None:
    image = torch.tensor([0.0, 0.5, 1.0, -1.0, 2.0, 0.499]).expand(3, 1, 6)
    assert np.asarray(to_picture(image))[0, :, 0].tolist() == [0, 128, 255, 0, 255, 127]


def test_side_by_side_enlarges_small_images_without_smoothing() -> None:
    small, large = torch.rand(3, 4, 4), torch.rand(3, 16, 16)
    sheet = np.asarray(side_by_side([small, large], ["target", "W"], 16))
    assert sheet.shape == (16 + CAPTION_HEIGHT, 32 + GAP, 3)
    enlarged = np.asarray(to_picture(small)).repeat(4, 0).repeat(4, 1)
    assert np.array_equal(sheet[CAPTION_HEIGHT:, :16], enlarged)
    assert np.array_equal(sheet[CAPTION_HEIGHT:, 16 + GAP :], np.asarray(to_picture(large)))


def test_large_images_are_reduced_with_smoothing() -> None:
    stripes = (torch.arange(64) % 2).float().expand(3, 64, 64)
    sheet = np.asarray(side_by_side([stripes], ["target"], 16))[CAPTION_HEIGHT:]
    assert sheet.shape == (16, 16, 3)
    assert np.abs(sheet.astype(int) - 128).max() < 40


def test_stack_keeps_the_parts_whole() -> None:
    parts = [Image.new("RGB", (5, height), color) for height, color in ((2, "red"), (3, "blue"))]
    sheet = stack(parts)
    assert sheet.size == (5, 5)
    assert [sheet.getpixel((4, y)) for y in (1, 2)] == [(255, 0, 0), (0, 0, 255)]


def test_pictures_that_are_not_square_keep_their_shape() -> None:
    images = [torch.rand(3, 8, 4), torch.rand(3, 32, 16)]
    sheet = side_by_side(images, ["target", "W"], 32)
    assert sheet.size == (2 * 16 + GAP, 32 + CAPTION_HEIGHT)
    (first, small), (second, large) = split_row(sheet)
    assert (first, second, small.size) == ("target", "W", (16, 32))
    assert np.array_equal(np.asarray(small), np.asarray(to_picture(images[0])).repeat(4, 0).repeat(4, 1))
    assert np.array_equal(np.asarray(large), np.asarray(to_picture(images[1])))
