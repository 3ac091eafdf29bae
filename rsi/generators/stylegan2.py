"""StyleGAN2-ADA generators with the tensor names of NVIDIA's, in plain torch (Karras et al. 2020)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators.architecture import Architecture
from rsi.generators.frozen_conv import resample_filter, upsample
from rsi.generators.info import GeneratorInfo
from rsi.generators.mapping import Mapping
from rsi.generators.modulation import StyledConv, ToRGB


class Block(nn.Module):
    """The layers of one resolution: the first starts from a constant, the others double the side.

    Args:
        architecture: The sizes of the generator.
        resolution: Side of the block's feature maps in pixels.
    """

    resample_filter: Tensor

    def __init__(self, architecture: Architecture, resolution: int) -> None:
        super().__init__()
        channels, w_dim, clamp = (
            architecture.channels(resolution),
            architecture.w_dim,
            architecture.conv_clamp,
        )
        self.register_buffer("resample_filter", resample_filter())
        if resolution == 4:
            self.const = nn.Parameter(torch.randn(channels, 4, 4))
        else:
            inputs = architecture.channels(resolution // 2)
            self.conv0 = StyledConv(inputs, channels, w_dim, resolution, True, clamp)
        self.conv1 = StyledConv(channels, channels, w_dim, resolution, False, clamp)
        self.torgb = ToRGB(channels, w_dim, clamp)

    def forward(self, x: Tensor | None, image: Tensor | None, slots: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Feature maps and picture, ``[B, 3, R, R]``, from those of the block before.

        Args:
            x: Feature maps; ``None`` in the first block.
            image: The picture so far; ``None`` in the first block.
            slots: The codes of the block's layers: two in the first block, three in the others.
        """
        *first, second, third = slots
        x = self.const.expand(len(second), -1, -1, -1) if x is None else self.conv0(x, *first)
        x = self.conv1(x, second)
        colours = self.torgb(x, third)
        return x, colours if image is None else self._enlarge(image) + colours

    def _enlarge(self, image: Tensor) -> Tensor:
        """The picture at twice the size; it adds up in full precision."""
        with torch.autocast(image.device.type, enabled=False):
            return upsample(image.to(self.resample_filter.dtype), self.resample_filter)


class Synthesis(nn.Module):
    """From style codes to images; every convolution is modulated by the codes of its style slot.

    Args:
        architecture: The sizes of the generator.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.w_dim, self.num_ws = architecture.w_dim, architecture.num_ws
        self.filters = [*architecture.filters]
        for resolution in architecture.resolutions:
            self.add_module(f"b{resolution}", Block(architecture, resolution))

    def forward(self, ws: Tensor) -> Tensor:
        """Render codes of any of the three latent spaces (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).

        Args:
            ws: ``[B, w_dim]`` (W, one code per image), ``[B, num_ws, w_dim]`` (W+, one per style slot) or
                ``[B, sum(filters), w_dim]`` (W++, one per filter, slot after slot).

        Returns:
            ``[B, 3, R, R]`` nominally in [0, 1]; not clamped, so that gradients survive: clamp what you show.

        Raises:
            InputError: The codes have another shape.
        """
        slots = self._slots(ws)
        first, *others = self.children()
        x, image = first(None, None, slots[:2])
        for index, block in enumerate(others):
            x, image = block(x, image, slots[2 * index + 1 : 2 * index + 4])
        shifted: Tensor = (image + 1) / 2
        return shifted

    def _slots(self, ws: Tensor) -> Sequence[Tensor]:
        """The codes of each style slot, ``[B, w_dim]`` or ``[B, filters, w_dim]``."""
        if ws.shape[1:] == (self.w_dim,):
            return [ws] * self.num_ws
        if ws.shape[1:] == (self.num_ws, self.w_dim):
            return ws.unbind(1)
        if ws.shape[1:] == (sum(self.filters), self.w_dim):
            return torch.split(ws, self.filters, dim=1)
        raise InputError(
            f"codes have the shape {list(ws.shape)}: give [B, {self.w_dim}] (W), "
            f"[B, {self.num_ws}, {self.w_dim}] (W+) or [B, {sum(self.filters)}, {self.w_dim}] (W++)"
        )


class Generator(nn.Module):
    """A frozen StyleGAN2 generator: a mapping and a synthesis network.

    Its tensors have the names of NVIDIA's StyleGAN2-ADA. Change them through ``load_state_dict`` alone.

    Args:
        architecture: Its sizes.
        info: Where it comes from.
    """

    def __init__(self, architecture: Architecture, info: GeneratorInfo | None = None) -> None:
        super().__init__()
        self.architecture = architecture
        self.info = info or GeneratorInfo()
        self.mapping = Mapping(architecture)
        self.synthesis = Synthesis(architecture)
        self.requires_grad_(False).eval()

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Images, ``[B, 3, R, R]``, of noise ``z``, ``[B, z_dim]``, and labels ``c``, ``[B, c_dim]``."""
        images: Tensor = self.synthesis(self.mapping(z, c))
        return images

    @property
    def w_avg(self) -> Tensor:
        """The mean code, ``[w_dim]``."""
        return self.mapping.w_avg

    @property
    def w_dim(self) -> int:
        """Length of a style code."""
        return self.architecture.w_dim

    @property
    def num_ws(self) -> int:
        """Number of style slots."""
        return self.architecture.num_ws

    @property
    def filters(self) -> tuple[int, ...]:
        """Number of filters that read each style slot."""
        return self.architecture.filters

    @property
    def resolution(self) -> int:
        """Side of the images in pixels."""
        return self.architecture.img_resolution
