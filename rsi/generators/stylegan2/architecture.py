"""The sizes that define a StyleGAN2 generator."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import ClassVar

from rsi.errors import InputError
from rsi.generators.sizes import LARGEST, Shapes, check_fixed, check_range, length_of, mapping_sizes, read_number
from rsi.numerics.size import Size

START = 4  # side of the constant in pixels, and the name of the first block, whatever the constant's size
STARTS = ("start_height", "start_width")
LARGEST_SIDE, LARGEST_START = 4096, 64


@dataclass(frozen=True)
class StyleGAN2Architecture:
    """A StyleGAN2-ADA generator of architecture "skip" with RGB output (Karras et al. 2020).

    Attributes:
        z_dim: Length of the codes that the mapping network reads.
        c_dim: Length of the class labels; 0 for an unconditional generator.
        w_dim: Length of the style codes.
        img_resolution: Side of the images in pixels, a power of two from 8 to 4096; where they start from another
            constant than 4 x 4, what their side would be if they did not.
        mapping_layers: Fully connected layers of the mapping network.
        channel_base: Channels times resolution, where ``channel_max`` does not limit it.
        channel_max: Most channels at any resolution.
        conv_clamp: Bound on the magnitude of every layer's output; ``None`` is unbounded.
        start_height: Height of the constant that the synthesis starts from.
        start_width: Its width.

    Raises:
        InputError: A size that no generator can have.
    """

    family: ClassVar[str] = "stylegan2-ada"
    z_dim: int
    c_dim: int
    w_dim: int
    img_resolution: int
    mapping_layers: int
    channel_base: int
    channel_max: int
    conv_clamp: float | None = None
    start_height: int = START
    start_width: int = START

    def __post_init__(self) -> None:
        for name in ("z_dim", "w_dim", "mapping_layers", "channel_base", "channel_max"):
            check_range(name, getattr(self, name), 1, 64 if name == "mapping_layers" else LARGEST)
        check_range("c_dim", self.c_dim, 0, LARGEST)
        check_range("img_resolution", self.img_resolution, 8, LARGEST_SIDE)
        for name in ("start_height", "start_width"):
            check_range(name, getattr(self, name), 1, LARGEST_START)
        if self.img_resolution & (self.img_resolution - 1):
            raise InputError(f"img_resolution {self.img_resolution} is not a power of two")
        check_range("channel_base", self.channel_base, self.img_resolution, LARGEST)
        if self.conv_clamp is not None and not self.conv_clamp > 0:
            raise InputError(f"conv_clamp {self.conv_clamp} is not a positive number")

    @property
    def resolution(self) -> Size:
        """The size of the images."""
        return self.size(self.img_resolution)

    @property
    def kind(self) -> str:
        """The architecture by the name that people know it by."""
        return "StyleGAN2-ADA"

    @property
    def embed_dim(self) -> int:
        """Length of the embedded class labels; 0 for an unconditional generator."""
        return self.w_dim if self.c_dim else 0

    @property
    def class_means(self) -> bool:
        """There is one mean code over all classes."""
        return False

    @property
    def resolutions(self) -> tuple[int, ...]:
        """What the blocks are called: 4, 8, ... ``img_resolution``, their sides in pixels where they are square."""
        return tuple(2**k for k in range(2, self.img_resolution.bit_length()))

    @property
    def num_ws(self) -> int:
        """Number of style slots: the codes in W+."""
        return 2 * len(self.resolutions)

    @property
    def filters(self) -> tuple[int, ...]:
        """Number of distinct convolution filters read from each style slot: the codes in W++.

        ToRGB of a block shares its slot with the first convolution of the next block and reads the first
        three of its codes (RSI, Poirier-Ginter & Lalonde 2023, section 4.1).
        """
        slots = [self.channels(4)]
        for resolution in self.resolutions[1:]:
            channels = self.channels(resolution)
            slots += [max(channels, 3), channels]
        return (*slots, 3)

    def size(self, resolution: int) -> Size:
        """The size of the feature maps of the block called ``resolution``, their side where they are square."""
        return Size(self.start_height * resolution // START, self.start_width * resolution // START)

    def channels(self, resolution: int) -> int:
        """Channels of the feature maps of the block called ``resolution``."""
        return min(self.channel_base // resolution, self.channel_max)

    @property
    def colour_layers(self) -> tuple[str, ...]:
        """The layers to colours, by the names of their modules."""
        return tuple(f"synthesis.b{resolution}.torgb" for resolution in self.resolutions)

    def clamped(self, clamp: float | None) -> "StyleGAN2Architecture":
        """The same with another ``conv_clamp``."""
        return replace(self, conv_clamp=clamp)

    def of_one_class(self) -> "StyleGAN2Architecture":
        """The same without classes."""
        return replace(self, c_dim=0)

    def describe(self) -> dict[str, str]:
        """What is particular to the architecture, in words."""
        channels = [f"{self.channels(block)} at {self.size(block).label}" for block in self.resolutions]
        return {"channels": ", ".join(channels), "conv_clamp": str(self.conv_clamp or "none")}

    def to_metadata(self) -> dict[str, str]:
        """The architecture as metadata of a safetensors file."""
        given = {name: value for name, value in asdict(self).items() if name not in STARTS or value != START}
        sizes = {name: str(value) for name, value in given.items() if value is not None}
        return {"architecture": self.family, "img_channels": "3", **sizes}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "StyleGAN2Architecture":
        """The architecture from metadata of a safetensors file; other keys are ignored.

        Raises:
            InputError: The metadata are not those of an RGB StyleGAN2, lack a size, or a size is impossible.
        """
        check_fixed(metadata, "architecture", cls.family)
        check_fixed(metadata, "img_channels", "3")
        names = [field.name for field in fields(cls) if field.name != "conv_clamp"]
        wanted = [name for name in names if name not in STARTS or name in metadata]
        clamp = read_number(metadata, "conv_clamp", float) if "conv_clamp" in metadata else None
        return cls(**{name: read_number(metadata, name, int) for name in wanted}, conv_clamp=clamp)

    @classmethod
    def from_shapes(cls, shapes: Shapes, conv_clamp: object = None) -> "StyleGAN2Architecture":
        """The architecture that has tensors of these shapes, named as NVIDIA's.

        Args:
            shapes: The shape of every tensor by name.
            conv_clamp: What the file says of the bound on the layers' outputs, which no shape tells.

        Raises:
            InputError: A tensor is missing, or the network is of another kind.
        """
        if not isinstance(conv_clamp, int | float | None):
            raise InputError(f"conv_clamp is a {type(conv_clamp).__name__}, not a number")
        channels = _channels_of(shapes)
        side = max(channels)
        if (colours := length_of(shapes, f"synthesis.b{side}.torgb.weight", 0)) != 3:
            raise InputError(f"the generator makes images of {colours} channels: only RGB is supported")
        return cls(
            **{name: size for name, size in mapping_sizes(shapes).items() if name != "embed_dim"},
            img_resolution=side,
            channel_base=max(resolution * count for resolution, count in channels.items()),
            channel_max=max(channels.values()),
            conv_clamp=conv_clamp,
            start_height=length_of(shapes, "synthesis.b4.const", 1),
            start_width=length_of(shapes, "synthesis.b4.const", 2),
        )


def _channels_of(shapes: Shapes) -> dict[int, int]:
    """The channels of every block by its name, 4 among them."""
    blocks = (re.fullmatch(r"synthesis\.b(\d{1,4})\.conv1\.weight", name) for name in shapes)
    others = {int(block[1]): length_of(shapes, block[0], 0) for block in blocks if block}
    return {START: length_of(shapes, f"synthesis.b{START}.conv1.weight", 0)} | others
