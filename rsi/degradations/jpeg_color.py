"""The colour space of JPEG files."""

import torch
from torch import Tensor, nn

LUMA_WEIGHTS = (0.299, 0.587, 0.114)  # of red, green and blue; ITU-R BT.601
FULL, LEVEL_SHIFT = 255, 128


class ColorMatrix(nn.Module):
    """``matrix @ x + offset`` for the channels of every pixel.

    Args:
        matrix: ``[outputs, inputs]``.
        offset: ``[outputs]``.
    """

    matrix: Tensor
    offset: Tensor

    def __init__(self, matrix: Tensor, offset: Tensor) -> None:
        super().__init__()
        self.register_buffer("matrix", matrix.float(), persistent=False)
        self.register_buffer("offset", offset.float()[:, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, H, W]``."""
        matrix = self.matrix.to(x).expand(len(x), -1, -1)
        return torch.baddbmm(self.offset.to(x), matrix, x.flatten(2)).view(len(x), -1, *x.shape[2:])


def rgb_to_planes(planes: int) -> ColorMatrix:
    """From RGB in [0, 1] to level-shifted Y, Cb and Cr, -128 to 127, or Y alone (ITU-T T.871, section 7)."""
    matrix = FULL * _rgb_to_ycbcr()
    offset = torch.tensor([-LEVEL_SHIFT, 0, 0])
    return ColorMatrix(matrix[:planes], offset[:planes])


def planes_to_rgb(planes: int) -> ColorMatrix:
    """The inverse of :func:`rgb_to_planes`; a single plane is grey."""
    matrix = torch.linalg.inv(FULL * _rgb_to_ycbcr())
    offset = torch.full((3,), LEVEL_SHIFT / FULL)
    return ColorMatrix(matrix[:, :planes], offset)


def _rgb_to_ycbcr() -> Tensor:
    luma = torch.tensor(LUMA_WEIGHTS, dtype=torch.float64)
    red, _, blue = torch.eye(3, dtype=torch.float64)
    return torch.stack([luma, (blue - luma) / (2 - 2 * luma[2]), (red - luma) / (2 - 2 * luma[0])])
