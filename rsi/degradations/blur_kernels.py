"""What a point of light becomes by a lens, a moving camera or a smooth filter."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

FARTHEST = 4  # standard deviations, as scipy.ndimage.gaussian_filter has it
SAMPLES = 32  # along the side of a pixel, and 32 times as many along a line


def gaussian_kernels(sigma: float) -> tuple[Tensor, ...]:
    """``exp(-d^2 / (2 sigma^2))`` up to 4 sigma: a column ``[n, 1]``, then a row ``[1, n]``.

    Args:
        sigma: Standard deviation in pixels.
    """
    reach = int(FARTHEST * sigma + 0.5)
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return normalised(weights[:, None]), normalised(weights[None])


def disc_kernels(radius: float) -> tuple[Tensor, ...]:
    """The share of each pixel that lies in a disc: one kernel ``[n, n]``.

    Args:
        radius: In pixels.
    """
    reach = int(np.ceil(radius - 0.5))
    side = 2 * reach + 1
    places = (np.arange(side * SAMPLES) + 0.5) / SAMPLES - side / 2
    inside = places[:, None] ** 2 + places[None] ** 2 <= max(radius, 1 / SAMPLES) ** 2
    return (normalised(inside.reshape(side, SAMPLES, side, SAMPLES).mean((1, 3))),)


def line_kernels(length: float, angle: float) -> tuple[Tensor, ...]:
    """The share of a straight way that lies in each pixel: one kernel ``[h, w]``.

    Args:
        length: In pixels.
        angle: In degrees, counter-clockwise from the horizontal.
    """
    count = int(np.ceil(length * SAMPLES**2))
    way = ((np.arange(count) + 0.5) / count - 0.5) * length
    turn = np.radians(angle % 180)
    across, down = (np.rint(way * part).astype(int) for part in (np.cos(turn), -np.sin(turn)))
    right, below = abs(across).max(), abs(down).max()
    kernel = np.zeros((2 * below + 1, 2 * right + 1))
    np.add.at(kernel, (down + below, across + right), 1)
    return (normalised(kernel),)


def normalised(kernel: npt.NDArray[np.floating]) -> Tensor:
    """The kernel ``[h, w]`` with a sum of 1, float32."""
    return torch.from_numpy(kernel / kernel.sum()).float()
