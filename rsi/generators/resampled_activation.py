"""The activation of StyleGAN3: at a higher rate, so that what it adds beyond the map's own rate can be filtered out."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

SLOPE = 0.2
CLAMPED = 2  # added to what is kept of a sample that was clamped; 1 of one that was negative


@dataclass(frozen=True)
class Resampling:
    """Upsampling, leaky ReLU, clamping and downsampling of maps whose outermost samples were left out.

    Attributes:
        up_taps: The filter for upsampling, times the factor, ``[taps]``.
        down_taps: The filter for downsampling, ``[taps]``, or ``[taps, taps]`` if it is not separable.
        up: The factor of upsampling.
        down: The factor of downsampling.
        padding: Of the transposed convolution that upsamples.
        clamp: Bound on the magnitude of what is activated.
    """

    up_taps: Tensor
    down_taps: Tensor
    up: int
    down: int
    padding: int
    clamp: float | None

    def __call__(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """The result, and what its gradient has to know: a byte for every activated sample."""
        u = self._upsample(y)
        kept = u < 0
        F.leaky_relu_(u, SLOPE)
        kept = kept.byte()
        if self.clamp is not None:
            kept.add_((u.abs() > self.clamp).byte(), alpha=CLAMPED)
            u.clamp_(-self.clamp, self.clamp)
        return self._downsample(u), kept

    def transpose(self, gradient: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
        """The gradient of the maps read, and the part of ``gradient * result`` that clamping is to blame for.

        Args:
            gradient: That of the result.
            kept: What was kept of it.

        Returns:
            ``[B, C, h, w]``, and the sum over the pixels, ``[B, C]`` in float32.
        """
        g = self._downsample_transposed(gradient)
        clamped = g.new_zeros(g.shape[:2], dtype=torch.promote_types(g.dtype, torch.float32))
        if self.clamp is not None:
            sign = (kept == CLAMPED).to(g.dtype) - (kept == CLAMPED + 1).to(g.dtype)
            clamped = self.clamp * (g * sign).sum((2, 3), dtype=clamped.dtype)
            g = g * (kept < CLAMPED)
        g = torch.where(kept == 1, SLOPE * g, g)
        return self._upsample_transposed(g), clamped

    def _upsample(self, y: Tensor) -> Tensor:
        rows, columns = _along_rows_and_columns(self.up_taps, y)
        groups, step, padding = y.shape[1], self.up, self.padding
        y = F.conv_transpose2d(y, columns, stride=(step, 1), padding=(padding, 0), groups=groups)
        return F.conv_transpose2d(y, rows, stride=(1, step), padding=(0, padding), groups=groups)

    def _upsample_transposed(self, g: Tensor) -> Tensor:
        rows, columns = _along_rows_and_columns(self.up_taps, g)
        groups, step, padding = g.shape[1], self.up, self.padding
        g = F.conv2d(g, rows, stride=(1, step), padding=(0, padding), groups=groups)
        return F.conv2d(g, columns, stride=(step, 1), padding=(padding, 0), groups=groups)

    def _downsample(self, u: Tensor) -> Tensor:
        groups, step = u.shape[1], self.down
        if self.down_taps.ndim == 2:
            return F.conv2d(u, _for_every_channel(self.down_taps, u), stride=step, groups=groups)
        rows, columns = _along_rows_and_columns(self.down_taps, u)
        return F.conv2d(F.conv2d(u, rows, stride=(1, step), groups=groups), columns, stride=(step, 1), groups=groups)

    def _downsample_transposed(self, g: Tensor) -> Tensor:
        groups, step = g.shape[1], self.down
        if self.down_taps.ndim == 2:
            return F.conv_transpose2d(g, _for_every_channel(self.down_taps, g), stride=step, groups=groups)
        rows, columns = _along_rows_and_columns(self.down_taps, g)
        g = F.conv_transpose2d(g, columns, stride=(step, 1), groups=groups)
        return F.conv_transpose2d(g, rows, stride=(1, step), groups=groups)


def _along_rows_and_columns(taps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """The filter for every channel of some maps, ``[C, 1, 1, taps]`` and ``[C, 1, taps, 1]``."""
    row = _for_every_channel(taps[None], like)
    return row, row.transpose(2, 3)


def _for_every_channel(taps: Tensor, like: Tensor) -> Tensor:
    return taps.to(like.dtype).expand(like.shape[1], 1, *taps.shape)
