"""A StyleGAN2 synthesis network that can be trained; the one of rsi is frozen and faster."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rsi.generators import StyleGAN2Architecture
from rsi.generators.mapping import FullyConnected
from rsi.generators.stylegan2.resample import resample_filter, smooth, upsample


class TrainableSynthesis(nn.Module):
    """Architecture "skip" in the space W, without noise (Karras et al. 2020); tensors are named as in rsi.

    Args:
        architecture: Its sizes.
    """

    def __init__(self, architecture: StyleGAN2Architecture) -> None:
        super().__init__()
        for resolution in architecture.resolutions:
            self.add_module(f"b{resolution}", TrainableBlock(architecture, resolution))

    def forward(self, w: Tensor) -> Tensor:
        """Images ``[B, 3, R, R]``, nominally in [-1, 1], of codes ``[B, w_dim]``."""
        first, *others = self.children()
        x, image = first(None, None, w)
        for block in others:
            x, image = block(x, image, w)
        drawn: Tensor = image
        return drawn


class TrainableBlock(nn.Module):
    """The layers of one resolution; the first block starts from a constant.

    Args:
        architecture: The sizes of the network.
        resolution: Side of the block's feature maps in pixels.
    """

    taps: Tensor

    def __init__(self, architecture: StyleGAN2Architecture, resolution: int) -> None:
        super().__init__()
        channels, w_dim = architecture.channels(resolution), architecture.w_dim
        if resolution == 4:
            self.const = nn.Parameter(torch.randn(channels, 4, 4))
        else:
            self.conv0 = TrainableConv(architecture.channels(resolution // 2), channels, w_dim, up=True)
        self.conv1 = TrainableConv(channels, channels, w_dim, up=False)
        self.torgb = TrainableToRGB(channels, w_dim)
        self.register_buffer("taps", resample_filter(), persistent=False)

    def forward(self, x: Tensor | None, image: Tensor | None, w: Tensor) -> tuple[Tensor, Tensor]:
        """Feature maps and picture from those of the block before and codes ``[B, w_dim]``."""
        x = self.const.expand(len(w), -1, -1, -1) if x is None else self.conv0(x, w)
        x = self.conv1(x, w)
        colours = self.torgb(x, w).float()
        return x, colours if image is None else upsample(image, self.taps) + colours


class TrainableConv(nn.Module):
    """Modulated 3x3 convolution, demodulation, bias and leaky ReLU (Karras et al. 2020, section 2.2).

    Args:
        inputs: Channels read.
        outputs: Channels written.
        w_dim: Length of a style code.
        up: The output has twice the side of the input.
    """

    taps: Tensor

    def __init__(self, inputs: int, outputs: int, w_dim: int, up: bool) -> None:
        super().__init__()
        self.up = up
        self.affine = FullyConnected(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("taps", resample_filter(), persistent=False)

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """``[B, outputs, H, W]``, or with twice the side, of ``x``, ``[B, inputs, H, W]``, and codes ``w``."""
        style = self.affine(w)
        energy = self.weight.square().sum((2, 3))
        norm = (F.linear(style.float().square(), energy) + 1e-8).rsqrt()
        x = x * style[:, :, None, None]
        if self.up:
            y = smooth(F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2), self.taps)
        else:
            y = F.conv2d(x, self.weight, padding=1)
        y = y * norm[:, :, None, None].to(y.dtype) + self.bias[:, None, None].to(y.dtype)
        return F.leaky_relu(y, 0.2) * math.sqrt(2)


class TrainableToRGB(nn.Module):
    """Modulated 1x1 convolution to colours, without demodulation.

    Args:
        inputs: Channels read.
        w_dim: Length of a style code.
    """

    def __init__(self, inputs: int, w_dim: int) -> None:
        super().__init__()
        self.gain = 1 / math.sqrt(inputs)
        self.affine = FullyConnected(w_dim, inputs, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` and codes ``[B, w_dim]`` to ``[B, 3, H, W]``."""
        style = self.affine(w) * self.gain
        return F.conv2d(x * style[:, :, None, None], self.weight, self.bias)
