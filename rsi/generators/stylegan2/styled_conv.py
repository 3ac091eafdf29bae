"""A styled convolution of StyleGAN2 as one function, with its gradient written by hand.

Autograd would run three times as many operations and keep more maps for the gradient.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from rsi.generators.modulation import GAIN, SLOPE, Gradients, as_maps, in_full_precision, reciprocal_norm
from rsi.generators.stylegan2.convolution import Convolution


@dataclass(frozen=True)
class Constants:
    """What a layer's weights alone decide.

    Attributes:
        weight: ``[out, in, 3, 3]``.
        energy: The sum of squares over the pixels of ``weight``, ``[out, in]``.
        taps: The filter of layers that double the side, ``[4, 4]``.
        clamp: Bound on the magnitude of the output.
    """

    weight: Tensor
    energy: Tensor
    taps: Tensor | None
    clamp: float | None


def shared_style_conv(x: Tensor, style: Tensor, offset: Tensor, layer: Constants) -> Tensor:
    """The convolution where one style of an image serves all filters.

    Inputs are scaled by the style and outputs by the reciprocal norms of the modulated filters, so that the images of a
    batch share the weight.

    Args:
        x: ``[B, in, H, W]``.
        style: ``[B, in]``.
        offset: Bias and noise, which broadcast to the output.
        layer: The layer's constants.

    Returns:
        ``[B, out, H, W]``, or with twice the side.
    """
    y: Tensor = _SharedStyleConv.apply(x, style, offset, layer)
    return y


def filter_style_conv(x: Tensor, style: Tensor, offset: Tensor, layer: Constants) -> Tensor:
    """The convolution where every filter has a style of its own, ``[B, out, in]``; see :func:`shared_style_conv`."""
    y: Tensor = _FilterStyleConv.apply(x, style, offset, layer)
    return y


class _SharedStyleConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, style: Tensor, offset: Tensor, layer: Constants) -> Tensor:  # noqa: ANN401
        scale = reciprocal_norm(F.linear(style.square(), layer.energy))
        ctx.layer, ctx.convolve = layer, Convolution(layer.weight.to(x.dtype), layer.taps)
        ctx.inwards, ctx.outwards = as_maps(style, x), as_maps(scale, x)
        out = _activate(ctx.convolve(x * ctx.inwards).mul_(ctx.outwards), offset, layer.clamp)
        ctx.save_for_backward(x, style, scale, offset, out)
        return out

    @staticmethod
    @once_differentiable
    @in_full_precision
    def backward(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401
        x, style, scale, offset, out = ctx.saved_tensors
        gradient = _before_clamp(gradient, out, ctx.layer.clamp)
        g = _before_activation(gradient, out)
        for_offset = g.sum_to_size(offset.shape).to(offset.dtype) if ctx.needs_input_grad[2] else None
        # g times what was activated is gradient times out, which spares keeping the result of the convolution
        for_log_scale = (gradient * out).sum((2, 3), dtype=scale.dtype) - _sum_of_products(g, offset)
        for_x = ctx.convolve.transpose(g.mul_(ctx.outwards))
        for_style = (for_x * x).sum((2, 3), dtype=style.dtype)
        for_norm = for_log_scale * scale.square() / -(GAIN**2)
        for_style.addcmul_(for_norm @ ctx.layer.energy, style)
        return for_x.mul_(ctx.inwards), for_style, for_offset, None


class _FilterStyleConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, style: Tensor, offset: Tensor, layer: Constants) -> Tensor:  # noqa: ANN401
        scale = reciprocal_norm((style.square() * layer.energy).sum(2)).unsqueeze(2)
        weight = layer.weight * (style * scale)[..., None, None]
        ctx.layer, ctx.convolve = layer, Convolution(weight.to(x.dtype), layer.taps)
        out = _activate(ctx.convolve(x), offset, layer.clamp)
        ctx.save_for_backward(x, style, scale, offset, out)
        return out

    @staticmethod
    @once_differentiable
    @in_full_precision
    def backward(ctx: Any, gradient: Tensor) -> Gradients:  # noqa: ANN401
        x, style, scale, offset, out = ctx.saved_tensors
        g = _before_activation(_before_clamp(gradient, out, ctx.layer.clamp), out)
        for_offset = g.sum_to_size(offset.shape).to(offset.dtype) if ctx.needs_input_grad[2] else None
        for_weight = ctx.convolve.weight_gradient(x, g)
        for_x = ctx.convolve.transpose(g)
        for_scaled = (for_weight * ctx.layer.weight).sum((3, 4), dtype=style.dtype)
        for_norm = (for_scaled * style).sum(2, keepdim=True) * scale.pow(3) / -(GAIN**2)
        for_style = (for_norm * ctx.layer.energy).mul_(style).addcmul_(for_scaled, scale)
        return for_x, for_style, for_offset, None


def _activate(y: Tensor, offset: Tensor, clamp: float | None) -> Tensor:
    """Add and activate, in place."""
    F.leaky_relu_(y.add_(offset.to(y.dtype)), SLOPE)
    return y if clamp is None else y.clamp_(-clamp, clamp)


def _before_clamp(gradient: Tensor, out: Tensor, clamp: float | None) -> Tensor:
    """The gradient of what was clamped, from that of the result and the result itself."""
    if clamp is None:
        return gradient
    kept: Tensor = torch.ops.aten.hardtanh_backward(gradient, out, -clamp, clamp)
    return kept


def _before_activation(gradient: Tensor, out: Tensor) -> Tensor:
    """The gradient of what was activated, from that of the result and the result itself."""
    g: Tensor = torch.ops.aten.leaky_relu_backward(gradient, out, SLOPE, True)
    return g


def _sum_of_products(g: Tensor, offset: Tensor) -> Tensor:
    """The sum over the pixels of ``g`` times the offset, ``[B, out]``."""
    if offset.shape[-2:] == (1, 1):
        return g.sum((2, 3), dtype=offset.dtype) * offset[..., 0, 0]
    return (g * offset).sum((2, 3))
