"""Frozen generators: a mapping and a synthesis network."""

from collections.abc import Callable

from torch import Tensor, nn

from rsi.generators.info import GeneratorInfo
from rsi.generators.mapping import Mapping
from rsi.generators.protocols import Architecture, SynthesisNetwork
from rsi.generators.stylegan2.architecture import StyleGAN2Architecture
from rsi.generators.stylegan2.synthesis import StyleGAN2Synthesis
from rsi.generators.stylegan3.architecture import StyleGAN3Architecture
from rsi.generators.stylegan3.synthesis import StyleGAN3Synthesis
from rsi.numerics.size import Size

NETWORKS: dict[type[Architecture], Callable[..., SynthesisNetwork]] = {
    StyleGAN2Architecture: StyleGAN2Synthesis,
    StyleGAN3Architecture: StyleGAN3Synthesis,
}


class Generator(nn.Module):
    """A frozen generator, StyleGAN2's or StyleGAN3's: a mapping and a synthesis network.

    Its tensors have the names of NVIDIA's programs. Change them through ``load_state_dict`` alone.

    Args:
        architecture: Its sizes; their class decides which synthesis network it has.
        info: Where it comes from.
    """

    def __init__(self, architecture: Architecture, info: GeneratorInfo | None = None) -> None:
        super().__init__()
        self.architecture = architecture
        self.info = info or GeneratorInfo()
        self.mapping = Mapping(architecture)
        self.synthesis = NETWORKS[type(architecture)](architecture)
        self.requires_grad_(False).eval()

    def forward(self, z: Tensor, c: Tensor | None = None) -> Tensor:
        """Images, ``[B, 3, H, W]``, of noise ``z``, ``[B, z_dim]``, and labels ``c``, ``[B, c_dim]``."""
        images: Tensor = self.synthesis(self.mapping(z, c))
        return images

    @property
    def w_avg(self) -> Tensor:
        """The mean code, ``[w_dim]``; where the file has one of every class, the mean of these."""
        w_avg = self.mapping.w_avg
        return w_avg if w_avg.ndim == 1 else w_avg.mean(0)

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
        """Number of codes that each style slot has in W++."""
        return self.architecture.filters

    @property
    def resolution(self) -> Size:
        """The size of the images."""
        return self.architecture.resolution
