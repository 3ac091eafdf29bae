"""StyleGAN3 generators with the tensor names of NVIDIA's, in plain torch (Karras et al. 2021)."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators.mapping import FullyConnected
from rsi.generators.modulation import GAIN, weight_energy
from rsi.generators.protocols import SynthesisNetwork
from rsi.generators.stylegan3.activation import Resampling
from rsi.generators.stylegan3.architecture import Layer, StyleGAN3Architecture
from rsi.generators.stylegan3.fourier import FourierInput
from rsi.generators.stylegan3.styled_layer import LayerConstants, filter_style_layer, shared_style_layer
from rsi.numerics.per_image import one_by_one
from rsi.numerics.precision import full_precision, network_dtype


class StyledLayer(nn.Module):
    """Modulated convolution, demodulation, bias, and a leaky ReLU between two filters (Karras et al. 2021, 3.2).

    Styles are as in :class:`rsi.generators.stylegan2.layers.StyledConv`. The weights are constant: what follows from
    them alone is computed when they are loaded.

    Args:
        sizes: The sizes of the layer.
        w_dim: Length of a style code.
    """

    magnitude_ema: Tensor
    weight_energy: Tensor
    up_filter: Tensor | None
    down_filter: Tensor | None

    def __init__(self, sizes: Layer, w_dim: int) -> None:
        super().__init__()
        self.sizes = sizes
        self.affine = FullyConnected(w_dim, sizes.in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(sizes.out_channels, sizes.in_channels, sizes.kernel, sizes.kernel))
        self.bias = nn.Parameter(torch.zeros(sizes.out_channels))
        self.register_buffer("magnitude_ema", torch.ones([]))
        self.register_buffer("up_filter", _no_filter(sizes.up_taps, 1))
        self.register_buffer("down_filter", _no_filter(sizes.down_taps, 2 if sizes.radial else 1))
        self.register_buffer("weight_energy", weight_energy(self.weight), persistent=False)
        self.register_load_state_dict_post_hook(_derive)  # type: ignore[no-untyped-call]

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """Convolve and activate.

        Args:
            x: ``[B, in_channels, H, W]``.
            w: One code per image, ``[B, w_dim]``, or one per filter, ``[B, out_channels, w_dim]``.

        Returns:
            ``[B, out_channels, H', W']``.
        """
        draw = shared_style_layer if w.ndim == 2 else filter_style_layer
        return draw(x, self.affine(w), self._constants())

    def _constants(self) -> LayerConstants:
        sizes, one = self.sizes, self.weight.new_ones(1)
        return LayerConstants(
            weight=self.weight,
            energy=self.weight_energy,
            gain=self.magnitude_ema.rsqrt(),
            offset=GAIN * self.bias,
            padding=max(0, sizes.kernel - 1 - sizes.unread),
            crop=max(0, sizes.unread - sizes.kernel + 1),
            resampling=Resampling(
                up_taps=sizes.up * (one if self.up_filter is None else self.up_filter),
                down_taps=one if self.down_filter is None else self.down_filter,
                up=sizes.up,
                down=sizes.down,
                padding=sizes.padding,
                clamp=sizes.clamp,
            ),
        )


class ToColours(nn.Module):
    """Modulated 1x1 convolution to colours, without demodulation, filters or leaky ReLU.

    Args:
        sizes: The sizes of the layer.
        w_dim: Length of a style code.
    """

    magnitude_ema: Tensor

    def __init__(self, sizes: Layer, w_dim: int) -> None:
        super().__init__()
        self.clamp = sizes.clamp
        self.affine = FullyConnected(w_dim, sizes.in_channels, bias=1.0)
        self.weight = nn.Parameter(torch.randn(3, sizes.in_channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.register_buffer("magnitude_ema", torch.ones([]))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """``[B, in_channels, H, W]`` and codes as in :class:`StyledLayer` to ``[B, 3, H, W]``, in full precision."""
        gain = self.magnitude_ema.rsqrt() / math.sqrt(self.weight.shape[1])
        weight = self.weight.flatten(1) * self.affine(w if w.ndim == 3 else w.unsqueeze(1)) * gain
        pixels = x.to(weight.dtype).permute(0, 2, 3, 1).flatten(1, 2)
        image = torch.baddbmm(self.bias, pixels, weight.mT).mT.reshape(len(x), -1, *x.shape[2:])
        return image if self.clamp is None else torch.clamp(image, -self.clamp, self.clamp)


class StyleGAN3Synthesis(SynthesisNetwork):
    """From style codes to images: Fourier features, then convolutions modulated by the codes of a style slot each.

    The code of slot 0 turns and shifts the picture as a whole.

    Args:
        architecture: The sizes of the generator.
    """

    def __init__(self, architecture: StyleGAN3Architecture) -> None:
        super().__init__(architecture)
        self.output_scale = architecture.output_scale
        self.noise_sizes = ()
        self.pose_slots = (0,)
        first, *_, last = architecture.layers
        self.input = FourierInput(
            first.in_channels, first.in_size, architecture.input_rate, architecture.input_cutoff, self.w_dim
        )
        self.layer_names = [layer.name for layer in architecture.layers]
        for layer in architecture.layers:
            self.add_module(layer.name, (ToColours if layer is last else StyledLayer)(layer, self.w_dim))

    def forward(self, ws: Tensor, noise: Mapping[int, Tensor] | None = None, motion: Tensor | None = None) -> Tensor:
        """Render codes of any of the three latent spaces (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).

        Args:
            ws: ``[B, w_dim]`` (W, one code per image), ``[B, num_ws, w_dim]`` (W+, one per style slot) or
                ``[B, sum(filters), w_dim]`` (W++, one for slot 0 and one per filter of the others, slot after slot).
            noise: Nothing: a StyleGAN3 has no noise maps.
            motion: From positions in the picture to those in the picture that the codes alone stand for,
                ``[B, 3, 3]``; see :class:`rsi.generators.stylegan3.fourier.FourierInput`.

        Returns:
            ``[B, 3, R, R]`` nominally in [0, 1]; not clamped, so that gradients survive: clamp what you show.

        Raises:
            InputError: The codes have another shape, or noise is given, or a motion of another shape.
        """
        self._check_codes(ws)
        if noise:
            raise InputError("a StyleGAN3 generator has no noise maps: leave them out")
        if motion is not None and motion.shape != (len(ws), 3, 3):
            raise InputError(f"the motion has the shape {list(motion.shape)}: give [B, 3, 3]")
        dtype = network_dtype(ws)

        def render(ws: Tensor, *motion: Tensor) -> Tensor:
            return self._render(ws, dtype, *motion)

        with full_precision(ws.device):
            return one_by_one(render, ws, *([] if motion is None else [motion]), side=self.side)

    def describe(self) -> dict[str, str]:
        """Whether the file moves all pictures."""
        is_still = torch.equal(self.input.transform, torch.eye(3).to(self.input.transform))
        return {
            "pose": "that of slot 0" if is_still else "that of slot 0, moved by the file's synthesis.input.transform"
        }

    def _render(self, ws: Tensor, dtype: torch.dtype, motion: Tensor | None = None) -> Tensor:
        pose, *slots = self._by_slot(ws)
        x = self.input(pose.flatten(1), motion).to(dtype)
        for name, codes in zip(self.layer_names, slots, strict=True):
            x = self.get_submodule(name)(x, codes)
        shifted: Tensor = (self.output_scale * x + 1) / 2
        return shifted


def _no_filter(taps: int, axes: int) -> Tensor | None:
    return None if taps == 1 else torch.zeros([taps] * axes)


def _derive(layer: Any, _: object) -> None:  # noqa: ANN401 - as torch has it
    """Compute what follows from the weights alone."""
    layer.weight.data = layer.weight.data.contiguous(memory_format=torch.channels_last)
    layer.weight_energy = weight_energy(layer.weight)
