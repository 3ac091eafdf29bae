"""A layer of StyleGAN3 as one function, with its gradient written by hand.

Of the maps that are activated, which have four times the samples of the result, the gradient keeps a byte a sample.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from rsi.generators.modulation import (
    GAIN,
    Gradients,
    as_maps,
    grouped,
    in_full_precision,
    joined,
    reciprocal_norm,
    split,
)
from rsi.generators.stylegan3.activation import Resampling


@dataclass(frozen=True)
class LayerConstants:
    """What a layer's weights alone decide.

    Attributes:
        weight: ``[out, in, k, k]``.
        energy: The sum of squares over the pixels of ``weight``, ``[out, in]``.
        gain: What the convolution is multiplied by beside the demodulation.
        offset: What is added to it, ``[out]``.
        padding: Zeros around the map that is convolved.
        crop: Samples at each border of that map that are not read.
        resampling: What follows.
    """

    weight: Tensor
    energy: Tensor
    gain: Tensor
    offset: Tensor
    padding: int
    crop: int
    resampling: Resampling


def shared_style_layer(x: Tensor, style: Tensor, layer: LayerConstants) -> Tensor:
    """The layer where one style of an image, ``[B, in]``, serves all filters; ``x`` is ``[B, in, H, W]``.

    Inputs are scaled by the style and outputs by the reciprocal norms of the modulated filters, so that the images of a
    batch share the weight.
    """
    y: Tensor = _SharedStyleLayer.apply(x, style, layer)
    return y


def filter_style_layer(x: Tensor, style: Tensor, layer: LayerConstants) -> Tensor:
    """The layer where every filter has a style of its own, ``[B, out, in]``; see :func:`shared_style_layer`."""
    y: Tensor = _FilterStyleLayer.apply(x, style, layer)
    return y


class _SharedStyleLayer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, style: Tensor, layer: LayerConstants) -> Tensor:  # noqa: ANN401
        scale = reciprocal_norm(F.linear(style.square(), layer.energy)) * layer.gain
        ctx.layer, ctx.inwards, ctx.outwards = layer, as_maps(style, x), as_maps(scale, x)
        y = _convolve(x * ctx.inwards, layer.weight.to(x.dtype), layer)
        out, ctx.signs = layer.resampling(y.mul_(ctx.outwards).add_(as_maps(layer.offset[None], x)))
        ctx.save_for_backward(x, style, scale, out)
        return out

    @staticmethod
    @once_differentiable
    @in_full_precision
    def backward(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401
        x, style, scale, out = ctx.saved_tensors
        layer: LayerConstants = ctx.layer
        gradient = gradient.contiguous(memory_format=torch.channels_last)
        g, clamped = layer.resampling.transpose(gradient, ctx.signs)
        # the layer is linear but for clamping and where its bends are, so that g times what was resampled is gradient
        # times out: nothing else is kept of the convolution
        for_scaled = (gradient * out).sum((2, 3), dtype=scale.dtype) - clamped
        for_log_scale = for_scaled - g.sum((2, 3), dtype=scale.dtype) * layer.offset
        for_x = _convolve_transposed(g.mul_(ctx.outwards), layer.weight.to(x.dtype), layer)
        for_style = (for_x * x).sum((2, 3), dtype=style.dtype)
        for_norm = for_log_scale * (scale / (GAIN * layer.gain)).square()
        for_style.addcmul_(for_norm @ layer.energy, style, value=-1)
        return for_x.mul_(ctx.inwards), for_style, None


class _FilterStyleLayer(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, style: Tensor, layer: LayerConstants) -> Tensor:  # noqa: ANN401
        norm = reciprocal_norm((style.square() * layer.energy).sum(2)).unsqueeze(2)
        weight = (layer.weight * (style * norm * layer.gain)[..., None, None]).to(x.dtype)
        y = _convolve(x, weight, layer)
        out, ctx.signs = layer.resampling(y.add_(as_maps(layer.offset[None], x)))
        ctx.layer = layer
        ctx.save_for_backward(x, style, norm)
        return out

    @staticmethod
    @once_differentiable
    @in_full_precision
    def backward(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401
        x, style, norm = ctx.saved_tensors
        layer: LayerConstants = ctx.layer
        weight = (layer.weight * (style * norm * layer.gain)[..., None, None]).to(x.dtype)
        g, _ = layer.resampling.transpose(gradient.contiguous(memory_format=torch.channels_last), ctx.signs)
        for_scaled = _scaled_gradient(x, g, layer) * layer.gain
        for_x = _convolve_transposed(g, weight, layer)
        for_norm = (for_scaled * style).sum(2, keepdim=True) * norm.pow(3) / GAIN**2
        for_style = (for_norm * layer.energy).mul_(style).neg_().addcmul_(for_scaled, norm)
        return for_x, for_style, None


def _convolve(x: Tensor, weight: Tensor, layer: LayerConstants) -> Tensor:
    """Convolve with a weight ``[out, in, k, k]``, shared by all images, or ``[B, out, in, k, k]``, one for each."""
    weight, groups = grouped(weight)
    x = F.pad(x, [-layer.crop] * 4) if layer.crop else x
    return split(F.conv2d(joined(x, groups), weight, padding=layer.padding, groups=groups), groups)


def _convolve_transposed(y: Tensor, weight: Tensor, layer: LayerConstants) -> Tensor:
    """The transposed map, which takes gradients of the output to those of the input."""
    weight, groups = grouped(weight)
    x = split(F.conv_transpose2d(joined(y, groups), weight, padding=layer.padding, groups=groups), groups)
    return F.pad(x, [layer.crop] * 4) if layer.crop else x


def _scaled_gradient(x: Tensor, y: Tensor, layer: LayerConstants) -> Tensor:
    """The gradient of what each image multiplies the weight with, ``[B, out, in]``, from those of the output.

    Each pixel of the weight takes one matrix product over all samples: rows of the output are padded to the length of
    those of the input, so that a shift of the maps is a shift along the samples. That was measured to take a quarter of
    the time of torch's own gradient of weights.
    """
    kernel = layer.weight.shape[2]
    inputs = F.pad(x, [layer.padding - layer.crop] * 4).permute(0, 2, 3, 1)
    width = inputs.shape[2]
    outputs = F.pad(y, [0, kernel - 1]).permute(0, 2, 3, 1).flatten(1, 2)
    samples = outputs.shape[1] - (kernel - 1)
    outputs, inputs = outputs[:, :samples].mT, inputs.flatten(1, 2)
    total = torch.zeros((), dtype=layer.weight.dtype, device=x.device)
    for row in range(kernel):
        for column in range(kernel):
            shift = row * width + column
            total = total + (outputs @ inputs[:, shift : shift + samples]) * layer.weight[:, :, row, column]
    return total
