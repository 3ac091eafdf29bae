"""Pillow's resizing as matrices."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

BY_NAME = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


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
