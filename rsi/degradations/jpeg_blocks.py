"""What JPEG does to planes of samples: subsampling, transform and quantisation of blocks."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsi.degradations.surrogates import soft_round

BLOCK = 8


class BlockCoder(nn.Module):
    """Subsamples planes, quantises the cosine transform of their 8x8 blocks and transforms back.

    Averaging of samples and transform are one matrix, applied to the pixels that a block comes from.

    Args:
        sampling: Pixels per sample, across and down.

    Source: ITU-T T.81, A.3.3 and A.3.4; averaging and padding as in libjpeg.
    """

    analysis: Tensor
    synthesis: Tensor

    def __init__(self, sampling: tuple[int, int]) -> None:
        super().__init__()
        self.across, self.down = sampling
        rows, columns = (dct_matrix() @ _averaging_matrix(pixels) for pixels in (self.down, self.across))
        self.register_buffer("analysis", torch.kron(rows, columns).mT.float(), persistent=False)
        self.register_buffer("synthesis", torch.kron(dct_matrix(), dct_matrix()).float(), persistent=False)

    def forward(self, planes: Tensor, tables: Tensor) -> Tensor:
        """The samples that a decoder gets.

        Args:
            planes: ``[B, C, H, W]``, level-shifted: from -128 to 127.
            tables: Quantisation tables, ``[B, C, 8, 8]`` or ``[1, C, 8, 8]``.

        Returns:
            ``[B, C, ceil(H / down), ceil(W / across)]``.
        """
        padded = _pad_to_blocks(planes, self.across, self.down)
        steps = tables.flatten(-2)[:, :, None]
        coefficients = _to_blocks(padded, BLOCK * self.down, BLOCK * self.across) @ self.analysis.to(planes)
        quantised = soft_round(coefficients / steps) * steps
        height, width = padded.shape[-2] // self.down, padded.shape[-1] // self.across
        samples = _from_blocks(quantised @ self.synthesis.to(planes), height, width)
        return samples[..., : -(-planes.shape[-2] // self.down), : -(-planes.shape[-1] // self.across)]


def upsample_chroma(planes: Tensor, sampling: tuple[int, int]) -> Tensor:
    """Chroma samples at every pixel, as libjpeg's decoder interpolates them by default ("fancy upsampling").

    Twofold axes get the triangle filter, 3/4 of the nearer and 1/4 of the farther sample. Other factors, and
    planes up to two samples wide if the width is doubled, are repeated.

    Args:
        planes: ``[B, C, h, w]``.
        sampling: Pixels per sample, across and down.

    Returns:
        ``[B, C, down * h, across * w]``.
    """
    across, down = sampling
    if (across, down) == (1, 1):
        return planes
    triangle = max(across, down) == 2 and (across == 1 or planes.shape[-1] > 2)
    mode = "bilinear" if triangle else "nearest-exact"
    return F.interpolate(planes, scale_factor=(down, across), mode=mode)


def dct_matrix() -> Tensor:
    """The orthonormal 8-point cosine transform, ``[frequencies, samples]`` float64 (ITU-T T.81, A.3.3)."""
    k = torch.arange(BLOCK, dtype=torch.float64)
    matrix = torch.cos((2 * k + 1) * k[:, None] * math.pi / (2 * BLOCK)) / 2
    matrix[0] /= math.sqrt(2)
    return matrix


def _averaging_matrix(pixels: int) -> Tensor:
    return torch.eye(BLOCK, dtype=torch.float64).repeat_interleave(pixels, dim=1) / pixels


def _pad_to_blocks(planes: Tensor, across: int, down: int) -> Tensor:
    """Repeats the last column of pixels and the last row of samples until blocks are whole."""
    height, width = planes.shape[-2:]
    right, bottom = -width % (BLOCK * across), -height % (BLOCK * down)
    if not (right or bottom):
        return planes
    whole = F.pad(planes, (0, right, 0, -height % down), mode="replicate")
    last = whole[..., -down:, :].mean(dim=-2, keepdim=True)
    return torch.cat([whole, last.expand(-1, -1, bottom - (-height % down), -1)], dim=-2)


def _to_blocks(planes: Tensor, height: int, width: int) -> Tensor:
    """``[B, C, H, W]`` as ``[B, C, blocks, height * width]``."""
    batch, channels, rows, columns = planes.shape
    grid = planes.reshape(batch, channels, rows // height, height, columns // width, width)
    return grid.transpose(3, 4).reshape(batch, channels, -1, height * width)


def _from_blocks(blocks: Tensor, height: int, width: int) -> Tensor:
    """``[B, C, blocks, 64]`` as ``[B, C, height, width]``."""
    batch, channels = blocks.shape[:2]
    grid = blocks.reshape(batch, channels, height // BLOCK, width // BLOCK, BLOCK, BLOCK)
    return grid.transpose(3, 4).reshape(batch, channels, height, width)
