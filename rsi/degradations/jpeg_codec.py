"""JPEG coding and decoding as one differentiable function, from colours to colours."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rsi.data.colour import LUMINANCE
from rsi.data.orientation import as_stored, upright
from rsi.data.target import JpegHeader
from rsi.degradations.jpeg_blocks import BlockCoder, upsample_chroma
from rsi.degradations.surrogates import soft_clamp, straight_through_round
from rsi.numerics.per_image import one_by_one

FULL, LEVEL_SHIFT = 255, 128


class JpegCodec(nn.Module):
    """What libjpeg reads from the file it wrote, as a function with a gradient.

    Args:
        headers: How each image is coded, or one header for all. They may differ in their tables alone.

    Raises:
        ValueError: Chroma sampling, number of channels or orientation differ.
    """

    tables: Tensor

    def __init__(self, headers: Sequence[JpegHeader]) -> None:
        super().__init__()
        layouts = {(header.sampling, header.grayscale, header.orientation) for header in headers}
        if len(layouts) != 1:
            raise ValueError(f"JPEGs of a batch must share sampling, grayscale and orientation: {layouts}")
        ((self.sampling, grayscale, self.orientation),) = layouts
        planes = 1 if grayscale else 3
        self.to_planes = rgb_to_planes(planes)
        self.luma = BlockCoder((1, 1))
        self.chroma = None if grayscale else BlockCoder(self.sampling)
        self.to_rgb = planes_to_rgb(planes)
        self.register_buffer("tables", torch.stack([header.tables for header in headers]), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Upright images in [0, 1] before and after the file, ``[B, 3, H, W]``; H and W are any numbers."""
        tables = self.tables.to(x).expand(len(x), -1, -1, -1)
        return one_by_one(self._code, x, tables, side=max(x.shape[-2:]))

    def _code(self, x: Tensor, tables: Tensor) -> Tensor:
        planes = straight_through_round(self.to_planes(as_stored(x, self.orientation)))
        decoded = self.luma(planes[:, :1], tables[:, :1])
        if self.chroma is not None:
            samples = upsample_chroma(self.chroma(planes[:, 1:], tables[:, 1:]), self.sampling)
            decoded = torch.cat([decoded, samples[..., : planes.shape[-2], : planes.shape[-1]]], dim=1)
        return upright(soft_clamp(self.to_rgb(decoded)), self.orientation)


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
    luma = torch.tensor(LUMINANCE, dtype=torch.float64)
    red, _, blue = torch.eye(3, dtype=torch.float64)
    return torch.stack([luma, (blue - luma) / (2 - 2 * luma[2]), (red - luma) / (2 - 2 * luma[0])])
