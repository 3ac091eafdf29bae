"""Work on a batch of tensors that Pillow does, one 8-bit picture at a time."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rsi.data.pictures import to_picture


def through_pillow(x: Tensor, edit: Callable[[int, Image.Image], Image.Image]) -> Tensor:
    """Every image of a batch as an edited 8-bit picture.

    Args:
        x: Images, ``[B, 3, H, W]``; values outside [0, 1] are clamped.
        edit: Gets the index of an image and its RGB picture, and returns another picture.

    Returns:
        ``[B, 3, h, w]`` in [0, 1], of the type and on the device of ``x``.
    """
    edited = [edit(index, to_picture(image)) for index, image in enumerate(x)]
    pixels = torch.stack([torch.from_numpy(np.array(picture.convert("RGB"))) for picture in edited])
    return pixels.permute(0, 3, 1, 2).contiguous().to(x) / 255
