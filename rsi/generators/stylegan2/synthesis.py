"""StyleGAN2-ADA generators with the tensor names of NVIDIA's, in plain torch (Karras et al. 2020)."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators.protocols import SynthesisNetwork
from rsi.generators.stylegan2.architecture import START, StyleGAN2Architecture
from rsi.generators.stylegan2.layers import StyledConv, ToRGB
from rsi.generators.stylegan2.resample import resample_filter, upsample
from rsi.numerics.per_image import one_by_one
from rsi.numerics.precision import full_precision, network_dtype


class Block(nn.Module):
    """The layers of one resolution: the first starts from a constant, the others double the side.

    Args:
        architecture: The sizes of the generator.
        resolution: What the block is called, see :attr:`StyleGAN2Architecture.resolutions`.
    """

    resample_filter: Tensor

    def __init__(self, architecture: StyleGAN2Architecture, resolution: int) -> None:
        super().__init__()
        channels, w_dim, clamp = (
            architecture.channels(resolution),
            architecture.w_dim,
            architecture.conv_clamp,
        )
        size = architecture.size(resolution)
        self.register_buffer("resample_filter", resample_filter())
        if resolution == START:
            self.const = nn.Parameter(torch.randn(channels, *size))
        else:
            inputs = architecture.channels(resolution // 2)
            self.conv0 = StyledConv(inputs, channels, w_dim, size, True, clamp)
        self.conv1 = StyledConv(channels, channels, w_dim, size, False, clamp)
        self.torgb = ToRGB(channels, w_dim, clamp)

    def start(
        self, slots: Sequence[Tensor], noise: Sequence[Tensor | None], dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        """The first block, which begins with a constant; returns maps ``[B, C, h, w]`` and image ``[B, 3, h, w]``.

        Args:
            slots: The codes of its two layers.
            noise: The noise of its convolution, see :class:`StyledConv`.
            dtype: The type of the maps.
        """
        constant = self.const.to(dtype).expand(len(slots[0]), -1, -1, -1)
        # channels last measured to take half as long on CPUs
        x = self.conv1(constant.contiguous(memory_format=torch.channels_last), slots[0], noise[0])
        return x, self.torgb(x, slots[1])

    def forward(
        self, x: Tensor, image: Tensor, slots: Sequence[Tensor], noise: Sequence[Tensor | None]
    ) -> tuple[Tensor, Tensor]:
        """Feature maps and picture, ``[B, 3, H, W]``, from those of the block before.

        Args:
            x: Feature maps.
            image: The picture so far; it adds up in full precision.
            slots: The codes of the block's three layers.
            noise: The noise of its two convolutions; see :class:`StyledConv`.
        """
        x = self.conv0(x, slots[0], noise[0])
        x = self.conv1(x, slots[1], noise[1])
        return x, upsample(image, self.resample_filter) + self.torgb(x, slots[2])


class StyleGAN2Synthesis(SynthesisNetwork):
    """From style codes to images; every convolution is modulated by the codes of its style slot.

    Args:
        architecture: The sizes of the generator.
    """

    def __init__(self, architecture: StyleGAN2Architecture) -> None:
        super().__init__(architecture)
        self.pose_slots = ()
        self.noise_sizes = [
            architecture.size(r) for r in architecture.resolutions for _ in range(1 if r == START else 2)
        ]
        for resolution in architecture.resolutions:
            self.add_module(f"b{resolution}", Block(architecture, resolution))

    def forward(self, ws: Tensor, noise: Mapping[int, Tensor] | None = None, motion: Tensor | None = None) -> Tensor:
        """Render codes of any of the three latent spaces (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).

        Args:
            ws: ``[B, w_dim]`` (W, one code per image), ``[B, num_ws, w_dim]`` (W+, one per style slot) or
                ``[B, sum(filters), w_dim]`` (W++, one per filter, slot after slot).
            noise: Maps ``[B, 1, H, W]`` that replace the constant noise of some convolutions, by number, where
                convolution ``n`` has the size ``noise_sizes[n]``.
            motion: Nothing: the picture of a StyleGAN2 cannot be moved.

        Returns:
            ``[B, 3, H, W]`` nominally in [0, 1]; not clamped, so that gradients survive: clamp what you show.

        Raises:
            InputError: The codes have another shape, or a motion is given.
        """
        self._check_codes(ws)
        if motion is not None:
            raise InputError("a StyleGAN2 generator cannot move its picture: leave out the motion")
        noise, dtype = noise or {}, network_dtype(ws)

        def render(ws: Tensor, *maps: Tensor) -> Tensor:
            return self._render(ws, dict(zip(noise, maps, strict=True)), dtype)

        with full_precision(ws.device):
            return one_by_one(render, ws, *noise.values(), side=self.side)

    def _render(self, ws: Tensor, noise: dict[int, Tensor], dtype: torch.dtype) -> Tensor:
        slots = self._by_slot(ws)
        maps = [noise.get(index) for index in range(len(self.noise_sizes))]
        first, *others = (cast(Block, block) for block in self.children())
        x, image = first.start(slots[:2], maps[:1], dtype)
        for index, block in enumerate(others):
            x, image = block(x, image, slots[2 * index + 1 : 2 * index + 4], maps[2 * index + 1 : 2 * index + 3])
        shifted: Tensor = (image + 1) / 2
        return shifted
