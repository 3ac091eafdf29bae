"""The convolutions of StyleGAN2, modulated by one style per image or one per filter."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsi.generators.frozen_conv import frozen_conv, resample_filter, smooth
from rsi.generators.mapping import FullyConnected

SLOPE = 0.2
GAIN = math.sqrt(2)


class StyledConv(nn.Module):
    """Modulated 3x3 convolution, demodulation, noise, bias and leaky ReLU (Karras et al. 2020, section 2.2).

    The style of filter ``o`` is ``A(w_o)``, where ``A`` is the affine layer; its weight is
    ``theta[o, i] A(w_o)[i]`` divided by its norm (RSI, Poirier-Ginter & Lalonde 2023, section 4.1). When all
    filters share one code, the inputs are scaled by the style and the outputs by the reciprocal norms: the
    same result, and the images of a batch share the weight.

    The weights are constant: what follows from them alone is computed when they are loaded.

    Args:
        in_channels: Channels read.
        out_channels: Channels written.
        w_dim: Length of a style code.
        resolution: Side of the output in pixels.
        up: The output has twice the side of the input.
        clamp: Bound on the magnitude of the output.
    """

    weight_energy: Tensor
    noise: Tensor
    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, w_dim: int, resolution: int, up: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.out_channels, self.up, self.clamp = out_channels, up, clamp
        self.affine = FullyConnected(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", resample_filter())
        self.register_buffer("weight_energy", _weight_energy(self.weight), persistent=False)
        self.register_buffer("noise", torch.zeros(1, 1), persistent=False)
        self.register_load_state_dict_post_hook(_derive)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Convolve.

        Args:
            x: ``[B, in_channels, H, W]``.
            w: One code per image, ``[B, w_dim]``, or one per filter, ``[B, filters, w_dim]``, of which the
                first ``out_channels`` are read.

        Returns:
            ``[B, out_channels, H, W]``, or with twice the side if ``up``.
        """
        offset = GAIN * (self.bias[:, None, None] + self.noise)
        if w.ndim == 2:
            y = self._convolve_shared(x, self.affine(w), offset)
        else:
            y = self._convolve_per_filter(x, self.affine(w[:, : self.out_channels])) + offset.to(x.dtype)
        if self.clamp is not None:  # before the activation, so that this one can work in place
            y = y.clamp(-self.clamp / SLOPE, self.clamp)
        return F.leaky_relu_(y, SLOPE)

    def _convolve_shared(self, x: Tensor, style: Tensor, offset: Tensor) -> Tensor:
        scale = GAIN * self._demodulation(style.unsqueeze(1))
        x = x * style[:, :, None, None]
        if self.up:
            y = frozen_conv(x, self.weight.transpose(0, 1), stride=2, transposed=True)
            y = smooth(y, self.resample_filter)
        else:
            y = frozen_conv(x, self.weight, padding=1)
        return torch.addcmul(offset.to(y.dtype), y, scale[:, :, None, None].to(y.dtype))

    def _convolve_per_filter(self, x: Tensor, style: Tensor) -> Tensor:
        """All images at once, each a group of its own; measured to be faster than one after another."""
        batch, _, *size = x.shape
        style = style * (GAIN * self._demodulation(style)).unsqueeze(2)
        x = x.reshape(1, -1, *size)
        if self.up:
            weight = self.weight.transpose(0, 1) * style.transpose(1, 2)[..., None, None]
            y = F.conv_transpose2d(x, weight.flatten(0, 1), stride=2, groups=batch)
            y = smooth(y, self.resample_filter)
        else:
            weight = self.weight * style[..., None, None]
            y = F.conv2d(x, weight.flatten(0, 1), padding=1, groups=batch)
        return y.view(batch, -1, *y.shape[2:])

    def _demodulation(self, style: Tensor) -> Tensor:
        """The reciprocal norms of the modulated filters, ``[B, out_channels]``, in the weight's precision.

        Args:
            style: ``[B, 1, in_channels]`` or ``[B, out_channels, in_channels]``.
        """
        squares = style.to(self.weight_energy.dtype).square() * self.weight_energy
        return (squares.sum(2) + 1e-8).rsqrt()


class ToRGB(nn.Module):
    """Modulated 1x1 convolution to colours, without demodulation.

    Args:
        in_channels: Channels read.
        w_dim: Length of a style code.
        clamp: Bound on the magnitude of the output.
    """

    def __init__(self, in_channels: int, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.clamp = clamp
        self.gain = 1 / math.sqrt(in_channels)
        self.affine = FullyConnected(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """``[B, in_channels, H, W]`` and codes as in :class:`StyledConv` to ``[B, 3, H, W]``."""
        style = self.affine(w[:, :3] if w.ndim == 3 else w.unsqueeze(1)) * self.gain
        weight = self.weight.flatten(1) * style
        image = (weight @ x.flatten(2)).view(-1, 3, *x.shape[2:]) + self.bias[:, None, None]
        return image if self.clamp is None else torch.clamp(image, -self.clamp, self.clamp)


def _weight_energy(weight: Tensor) -> Tensor:
    return weight.detach().square().sum(dim=(2, 3))


def _derive(conv: Any, _: object) -> None:  # noqa: ANN401 - as torch has it
    """Compute what follows from the weights alone; noise of strength 0 becomes one pixel: no cost."""
    conv.weight_energy = _weight_energy(conv.weight)
    noise = conv.noise_const * conv.noise_strength.detach()
    conv.noise = noise if noise.any() else noise.new_zeros(1, 1)
