import numpy as np
import torch

from rsi.pictures import CAPTION_HEIGHT, GAP, side_by_side, to_picture


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
