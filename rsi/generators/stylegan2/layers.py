"""The convolutions of StyleGAN2, modulated by one style per image or one per filter."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from rsi.generators.mapping import FullyConnected
from rsi.generators.modulation import GAIN, weight_energy
from rsi.generators.stylegan2.resample import resample_filter
from rsi.generators.stylegan2.styled_conv import Constants, filter_style_conv, shared_style_conv
from rsi.numerics.size import Size


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
        size: The size of the output.
        up: The output has twice the side of the input.
        clamp: Bound on the magnitude of the output.
    """

    weight_energy: Tensor
    offset: Tensor
    noise_const: Tensor
    resample_filter: Tensor

    def __init__(
        self, in_channels: int, out_channels: int, w_dim: int, size: Size, up: bool, clamp: float | None
    ) -> None:
        super().__init__()
        self.out_channels, self.up, self.clamp = out_channels, up, clamp
        self.affine = FullyConnected(w_dim, in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(*size))
        self.register_buffer("resample_filter", resample_filter())
        self.register_buffer("weight_energy", weight_energy(self.weight), persistent=False)
        self.register_buffer("offset", torch.zeros(out_channels, 1, 1), persistent=False)
        self.register_load_state_dict_post_hook(_derive)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None = None) -> Tensor:
        """Convolve.

        Args:
            x: ``[B, in_channels, H, W]``.
            w: One code per image, ``[B, w_dim]``, or one per filter, ``[B, filters, w_dim]``, of which the
                first ``out_channels`` are read.
            noise: ``[B, 1, H, W]`` of the output, before it is scaled; left out, the layer's own.

        Returns:
            ``[B, out_channels, H, W]``, or with twice the side if ``up``.
        """
        offset = self.offset if noise is None else _offset(self.bias, noise * self.noise_strength)
        layer = Constants(self.weight, self.weight_energy, self.resample_filter if self.up else None, self.clamp)
        if w.ndim == 2:
            return shared_style_conv(x, self.affine(w), offset, layer)
        return filter_style_conv(x, self.affine(w[:, : self.out_channels]), offset, layer)


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
        """``[B, in_channels, H, W]`` and codes as in :class:`StyledConv` to ``[B, 3, H, W]``, in full precision."""
        style = self.affine(w[:, :3] if w.ndim == 3 else w.unsqueeze(1)) * self.gain
        weight = self.weight.flatten(1) * style
        pixels = x.to(weight.dtype).flatten(2)
        image = torch.baddbmm(self.bias[:, None], weight, pixels).view(len(x), -1, *x.shape[2:])
        return image if self.clamp is None else torch.clamp(image, -self.clamp, self.clamp)


def _offset(bias: Tensor, noise: Tensor) -> Tensor:
    return GAIN * (bias[:, None, None] + noise)


def _derive(conv: Any, _: object) -> None:  # noqa: ANN401 - as torch has it
    """Compute what follows from the weights alone; noise of strength 0 becomes one pixel: no cost."""
    conv.weight.data = conv.weight.data.contiguous(memory_format=torch.channels_last)
    conv.weight_energy = weight_energy(conv.weight)
    noise = conv.noise_const * conv.noise_strength.detach()
    conv.offset = _offset(conv.bias.detach(), noise if noise.any() else noise.new_zeros(1, 1))
