"""StyleGAN2-ADA generators with the tensor names of NVIDIA's, in plain torch (Karras et al. 2020)."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators.architecture import START, Architecture
from rsi.generators.info import GeneratorInfo
from rsi.generators.mapping import Mapping
from rsi.generators.modulation import StyledConv, ToRGB
from rsi.generators.resample import resample_filter, upsample
from rsi.numerics.per_image import one_by_one
from rsi.numerics.precision import full_precision, network_dtype
from rsi.numerics.size import Size


class Block(nn.Module):
    """The layers of one resolution: the first starts from a constant, the others double the side.

    Args:
        architecture: The sizes of the generator.
        resolution: What the block is called, see :attr:`Architecture.resolutions`.
    """

    resample_filter: Tensor

    def __init__(self, architecture: Architecture, resolution: int) -> None:
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
        """As :meth:`forward`, for the first block: two codes, one noise map, and the type of the maps."""
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


class Synthesis(nn.Module):
    """From style codes to images; every convolution is modulated by the codes of its style slot.

    Args:
        architecture: The sizes of the generator.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.w_dim, self.num_ws = architecture.w_dim, architecture.num_ws
        self.filters = [*architecture.filters]
        self.noise_sizes = [
            architecture.size(r) for r in architecture.resolutions for _ in range(1 if r == START else 2)
        ]
        for resolution in architecture.resolutions:
            self.add_module(f"b{resolution}", Block(architecture, resolution))

    def forward(self, ws: Tensor, noise: dict[int, Tensor] | None = None) -> Tensor:
        """Render codes of any of the three latent spaces (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).

        Args:
            ws: ``[B, w_dim]`` (W, one code per image), ``[B, num_ws, w_dim]`` (W+, one per style slot) or
                ``[B, sum(filters), w_dim]`` (W++, one per filter, slot after slot).
            noise: Maps ``[B, 1, H, W]`` that replace the constant noise of some convolutions, by number, where
                convolution ``n`` has the size ``noise_sizes[n]``.

        Returns:
            ``[B, 3, H, W]`` nominally in [0, 1]; not clamped, so that gradients survive: clamp what you show.

        Raises:
            InputError: The codes have another shape.
        """
        self._check_shape(ws)
        noise, dtype = noise or {}, network_dtype(ws)

        def render(ws: Tensor, *maps: Tensor) -> Tensor:
            return self._render(ws, dict(zip(noise, maps, strict=True)), dtype)

        with full_precision(ws.device):
            return one_by_one(render, ws, *noise.values())

    def _render(self, ws: Tensor, noise: dict[int, Tensor], dtype: torch.dtype) -> Tensor:
        slots = self._slots(ws)
        maps = [noise.get(index) for index in range(len(self.noise_sizes))]
        first, *others = (cast(Block, block) for block in self.children())
        x, image = first.start(slots[:2], maps[:1], dtype)
        for index, block in enumerate(others):
            x, image = block(x, image, slots[2 * index + 1 : 2 * index + 4], maps[2 * index + 1 : 2 * index + 3])
        shifted: Tensor = (image + 1) / 2
        return shifted

    def _slots(self, ws: Tensor) -> Sequence[Tensor]:
        """The codes of each style slot, ``[B, w_dim]`` or ``[B, filters, w_dim]``."""
        if ws.ndim == 2:
            return [ws] * self.num_ws
        return ws.unbind(1) if ws.shape[1] == self.num_ws else torch.split(ws, self.filters, dim=1)

    def _check_shape(self, ws: Tensor) -> None:
        shapes = [(self.w_dim,), (self.num_ws, self.w_dim), (sum(self.filters), self.w_dim)]
        if ws.shape[1:] not in shapes:
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
        """Images, ``[B, 3, H, W]``, of noise ``z``, ``[B, z_dim]``, and labels ``c``, ``[B, c_dim]``."""
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
    def resolution(self) -> Size:
        """The size of the images."""
        return self.architecture.resolution
