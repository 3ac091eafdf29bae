"""The activation of StyleGAN3: at a higher rate, so that what it adds beyond the map's own rate can be filtered out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from rsi.generators.modulation import SLOPE

TILE = 2**20  # bytes of activated samples that are worked on at once on CPUs, so that they stay in the cache


class Signs(NamedTuple):
    """What the gradient has to know of some rows of what was activated.

    Attributes:
        signs: A byte a sample: -1 or 1, -2 or 2 where it was clamped.
        clamped: Some may be.
    """

    signs: Tensor
    clamped: bool


@dataclass(frozen=True)
class Resampling:
    """Upsampling, leaky ReLU, clamping and downsampling (Karras et al. 2021, section 3.2).

    The filters are applied along columns and along rows. Between these, rows have nothing to do with each other: on
    CPUs a few are worked on at a time, and what is activated, four times the result, never exists as a whole.

    Attributes:
        up_taps: The filter for upsampling, times the factor, ``[taps]``; its own mirror image, as is the other.
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

    def __call__(self, y: Tensor) -> tuple[Tensor, list[Signs]]:
        """The result, ``[B, C, h, w]``, and what its gradient has to know."""
        across, along = _filters(self.up_taps, y)
        y = F.conv_transpose2d(y, along, stride=(self.up, 1), padding=(self.padding, 0), groups=y.shape[1])
        signs: list[Signs] = []

        def activate(rows: Tensor) -> Tensor:
            u = F.conv_transpose2d(rows, across, None, (1, self.up), (0, self.padding), groups=rows.shape[1])
            signs.append(_activate(u, self.clamp))
            return u if self._is_radial else self._reduce_rows(u)

        y = _by_rows(activate, y)
        return (self._reduce(y) if self._is_radial else self._reduce_columns(y)), signs

    def transpose(self, gradient: Tensor, signs: list[Signs]) -> tuple[Tensor, Tensor]:
        """The gradient of the maps read, and the part of ``gradient * result`` that is owed to clamped samples.

        Args:
            gradient: That of the result.
            signs: What was noted.

        Returns:
            ``[B, C, h, w]``, and the sum over the pixels, ``[B, C]`` in float32 or more.
        """
        across, along = _filters(self.up_taps, gradient)
        clamped = gradient.new_zeros(gradient.shape[:2], dtype=torch.promote_types(gradient.dtype, torch.float32))
        left = iter(signs)

        def undo(rows: Tensor) -> Tensor:
            g, noted = rows if self._is_radial else self._enlarge_rows(rows), next(left)
            known = noted.signs.to(g.dtype)
            if noted.clamped:
                kept = known.abs() < 2
                clamped.add_(torch.where(kept, 0, g * known.sign()).sum((2, 3), dtype=clamped.dtype), alpha=self.clamp)
                g = g * kept
            g = torch.ops.aten.leaky_relu_backward(g, known, SLOPE, False)
            return F.conv2d(g, across, None, (1, self.up), (0, self.padding), groups=g.shape[1])

        g = _by_rows(undo, self._enlarge(gradient) if self._is_radial else self._enlarge_columns(gradient))
        return F.conv2d(g, along, None, (self.up, 1), (self.padding, 0), groups=g.shape[1]), clamped

    @property
    def _is_radial(self) -> bool:
        return self.down_taps.ndim == 2

    def _reduce(self, u: Tensor) -> Tensor:
        return F.conv2d(u, _for_every_channel(self.down_taps, u), stride=self.down, groups=u.shape[1])

    def _reduce_rows(self, u: Tensor) -> Tensor:
        return F.conv2d(u, _filters(self.down_taps, u)[0], stride=(1, self.down), groups=u.shape[1])

    def _reduce_columns(self, u: Tensor) -> Tensor:
        return F.conv2d(u, _filters(self.down_taps, u)[1], stride=(self.down, 1), groups=u.shape[1])

    def _enlarge(self, g: Tensor) -> Tensor:
        return F.conv_transpose2d(g, _for_every_channel(self.down_taps, g), stride=self.down, groups=g.shape[1])

    def _enlarge_rows(self, g: Tensor) -> Tensor:
        return F.conv_transpose2d(g, _filters(self.down_taps, g)[0], stride=(1, self.down), groups=g.shape[1])

    def _enlarge_columns(self, g: Tensor) -> Tensor:
        return F.conv_transpose2d(g, _filters(self.down_taps, g)[1], stride=(self.down, 1), groups=g.shape[1])


def _activate(u: Tensor, clamp: float | None) -> Signs:
    """Activate and clamp, in place."""
    F.leaky_relu_(u, SLOPE)
    signs = u.sign().to(torch.int8)
    if clamp is None or (u.device.type == "cpu" and u.amax() <= clamp and u.amin() >= -clamp):
        return Signs(signs, clamped=False)
    signs.add_((u > clamp).to(torch.int8)).sub_((u < -clamp).to(torch.int8))
    u.clamp_(-clamp, clamp)
    return Signs(signs, clamped=True)


def _by_rows(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """``function(x)`` for what treats each row of square maps on its own, on CPUs for a few rows at a time."""
    images, channels, size, _ = x.shape
    if x.device.type != "cpu":
        return function(x)
    height = max(1, TILE // (channels * size * x.element_size()))
    first = function(x[:, :, :height])
    result = first.new_empty((images, size, first.shape[3], channels)).permute(0, 3, 1, 2)
    result[:, :, :height] = first
    for start in range(height, size, height):
        result[:, :, start : start + height] = function(x[:, :, start : start + height])
    return result


def _filters(taps: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """The filter for every channel of some maps, along rows, ``[C, 1, 1, taps]``, and along columns."""
    row = _for_every_channel(taps[None], like)
    return row, row.transpose(2, 3)


def _for_every_channel(taps: Tensor, like: Tensor) -> Tensor:
    return taps.to(like.dtype).expand(like.shape[1], 1, *taps.shape).contiguous()
