"""What Pillow does to the images of a batch, and to an axis that it resizes."""

from collections.abc import Callable

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from rsi.data.pictures import to_picture

BY_NAME = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


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


def resizing_matrix(old: int, new: int, kernel: Image.Resampling) -> Tensor:
    """What Pillow multiplies an axis with, before it rounds: ``[new, old]`` float32, rows with a sum of 1.

    Column ``i`` is what becomes of a picture that is 1 at pixel ``i`` and 0 elsewhere. Pillow smooths when it makes
    an axis smaller, and interpolates when it enlarges one.

    Args:
        old: Length of the axis in pixels.
        new: What it becomes.
        kernel: Pillow's filter.
    """
    points = Image.fromarray(np.eye(old, dtype=np.float32))
    return torch.from_numpy(np.array(points.resize((old, new), kernel)))
