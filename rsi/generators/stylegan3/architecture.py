"""The sizes that define a StyleGAN3 or StyleGAN-XL generator."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, ClassVar

from rsi.errors import InputError
from rsi.generators.sizes import LARGEST, check_fixed, check_range, read_number
from rsi.numerics.size import Size

MAX_LAYERS = 100
MAX_SIDE = 2**13
MAX_TAPS = 256
MAX_FACTOR = 16


@dataclass(frozen=True)
class Layer:
    """One convolution of a StyleGAN3 generator and the resampling around its activation (Karras et al. 2021, 3.2).

    Attributes:
        name: What its module is called: number, side and channels.
        in_channels: Channels read.
        out_channels: Channels written.
        in_size: Side of the maps read, in samples.
        out_size: Side of the maps written.
        kernel: Side of the convolution's weight.
        up: How many times more samples a side has while it is activated than it has in the map read.
        down: How many times more than in the map written.
        up_taps: Length of the filter for the former; 1 for none.
        down_taps: Length of the filter for the latter; 1 for none.
        radial: The latter filter is a square of numbers that is not separable.
        clamp: Bound on the magnitude of what is activated; ``None`` is unbounded.

    Raises:
        InputError: A size that no layer can have.
    """

    name: str
    in_channels: int
    out_channels: int
    in_size: int
    out_size: int
    kernel: int
    up: int
    down: int
    up_taps: int
    down_taps: int
    radial: bool = False
    clamp: float | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"L\d{1,4}_\d{1,8}_\d{1,8}", self.name):
            raise InputError(f"{self.name[:50]!r} is no name of a StyleGAN3 layer, such as L3_52_512")
        limits = {"in_channels": LARGEST, "out_channels": LARGEST, "in_size": MAX_SIDE, "out_size": MAX_SIDE}
        limits |= {"kernel": MAX_TAPS, "up_taps": MAX_TAPS, "down_taps": MAX_TAPS, "up": MAX_FACTOR, "down": MAX_FACTOR}
        for size, limit in limits.items():
            check_range(f"{self.name}: {size}", getattr(self, size), 1, limit)
        if self.clamp is not None and not self.clamp > 0:
            raise InputError(f"{self.name}: clamp {self.clamp} is not a positive number")
        upsampled = (self._convolved_size - 1) * self.up - 2 * self._padding + self.up_taps
        if upsampled != self.activated_size or self._padding < 0 or self._convolved_size <= 2 * self.unread:
            raise InputError(f"{self.name}: sides of {self.in_size} and {self.out_size} do not fit its filters")

    @property
    def activated_size(self) -> int:
        """Side of the map that is activated."""
        return (self.out_size - 1) * self.down + self.down_taps

    @property
    def zeros_before(self) -> int:
        """Zeros before every axis, once there are ``up - 1`` behind every sample; negative: samples left out."""
        return (self._zeros + self.up) // 2

    @property
    def zeros_behind(self) -> int:
        """Zeros behind every axis."""
        return self._zeros - self.zeros_before

    @property
    def unread(self) -> int:
        """Samples at each border of the convolved map that the filter for upsampling does not reach."""
        last = (self.activated_size - 1 + self._padding) // self.up
        return max(0, min(-((self.up_taps - 1 - self._padding) // self.up), self._convolved_size - 1 - last))

    @property
    def padding(self) -> int:
        """Of the transposed convolution that upsamples a map without its unread borders."""
        return self._padding - self.up * self.unread

    @property
    def _padding(self) -> int:
        return self.up_taps - 1 - self.zeros_before

    @property
    def _convolved_size(self) -> int:
        return self.in_size + self.kernel - 1

    @property
    def _zeros(self) -> int:
        return self.activated_size + self.up_taps - 1 - self._convolved_size * self.up


@dataclass(frozen=True)
class StyleGAN3Architecture:
    """A StyleGAN3 generator, configuration T or R, or one of StyleGAN-XL (Karras et al. 2021, Sauer et al. 2022).

    Attributes:
        z_dim: Length of the codes that the mapping network reads.
        c_dim: Length of the class labels; 0 for an unconditional generator.
        embed_dim: Length of the embedded labels; 0 for an unconditional generator.
        class_means: There is a mean code for every class.
        w_dim: Length of the style codes.
        mapping_layers: Fully connected layers of the mapping network.
        input_rate: Samples a side of the picture in the Fourier features that the synthesis starts from.
        input_cutoff: Their highest frequency, in periods a side.
        output_scale: What the last layer is multiplied by.
        layers: The layers in order, the last one to colours.

    Raises:
        InputError: Sizes that no generator can have.
    """

    family: ClassVar[str] = "stylegan3"
    z_dim: int
    c_dim: int
    embed_dim: int
    class_means: bool
    w_dim: int
    mapping_layers: int
    input_rate: float
    input_cutoff: float
    output_scale: float
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        for name in ("z_dim", "w_dim", "mapping_layers"):
            check_range(name, getattr(self, name), 1, 64 if name == "mapping_layers" else LARGEST)
        check_range("c_dim", self.c_dim, 0, LARGEST)
        check_range("embed_dim", self.embed_dim, min(1, self.c_dim), LARGEST if self.c_dim else 0)
        check_range("the number of layers", len(self.layers), 1, MAX_LAYERS)
        if len({layer.name for layer in self.layers}) < len(self.layers):
            raise InputError("two layers have the same name")
        if not 0 < 2 * self.input_cutoff < self.input_rate < math.inf:
            raise InputError(f"the input's cutoff {self.input_cutoff} does not fit its rate {self.input_rate}")
        for before, after in zip(self.layers, self.layers[1:], strict=False):
            if (before.out_channels, before.out_size) != (after.in_channels, after.in_size):
                raise InputError(f"{after.name} does not read what {before.name} writes")
        if not 0 < self.output_scale < math.inf:
            raise InputError(f"output_scale {self.output_scale} is not a positive number")
        if self.layers[-1].out_channels != 3:
            raise InputError(
                f"the generator makes images of {self.layers[-1].out_channels} channels: only RGB is supported"
            )
        check_range("img_resolution", self.img_resolution, 8, 4096)

    @property
    def kind(self) -> str:
        """The architecture by the name that people know it by."""
        family = "StyleGAN-XL" if self.class_means or (self.c_dim and self.embed_dim != self.w_dim) else "StyleGAN3"
        return f"{family}-{'R' if self.layers[0].kernel == 1 else 'T'}"

    @property
    def resolution(self) -> Size:
        """The size of the images."""
        return Size.square(self.img_resolution)

    @property
    def img_resolution(self) -> int:
        """Side of the images in pixels."""
        return self.layers[-1].out_size

    @property
    def num_ws(self) -> int:
        """Number of style slots: one for the Fourier features and one for every layer."""
        return len(self.layers) + 1

    @property
    def filters(self) -> tuple[int, ...]:
        """Number of codes that each style slot has in W++: one for the motion that slot 0 stands for, then filters."""
        return 1, *(layer.out_channels for layer in self.layers)

    @property
    def colour_layers(self) -> tuple[str, ...]:
        """The last layer, by the name of its module."""
        return (f"synthesis.{self.layers[-1].name}",)

    def clamped(self, clamp: float | None) -> "StyleGAN3Architecture":
        """The same with this bound in every layer; ``None`` is unbounded."""
        return replace(self, layers=tuple(replace(layer, clamp=clamp) for layer in self.layers))

    def of_one_class(self) -> "StyleGAN3Architecture":
        """The same without classes."""
        return replace(self, c_dim=0, embed_dim=0, class_means=False)

    def describe(self) -> dict[str, str]:
        """What is particular to the architecture, in words."""
        layers = [f"{layer.out_channels} at {layer.out_size}" for layer in self.layers]
        clamps = {layer.clamp for layer in self.layers}
        return {"channels": ", ".join(layers), "conv_clamp": ", ".join(str(clamp or "none") for clamp in clamps)}

    def to_metadata(self) -> dict[str, str]:
        """The architecture as metadata of a safetensors file."""
        sizes = asdict(self)
        layers = json.dumps(sizes.pop("layers"))
        return {
            "architecture": self.family,
            "img_channels": "3",
            "img_resolution": str(self.img_resolution),
            **{name: str(value) for name, value in sizes.items()},
            "layers": layers,
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "StyleGAN3Architecture":
        """The architecture from metadata of a safetensors file; other keys are ignored.

        Raises:
            InputError: The metadata are not those of a StyleGAN3, lack a size, or a size is impossible.
        """
        check_fixed(metadata, "architecture", cls.family)
        check_fixed(metadata, "img_channels", "3")
        names = ("z_dim", "c_dim", "embed_dim", "w_dim", "mapping_layers")
        return cls(
            **{name: read_number(metadata, name, int) for name in names},
            input_rate=read_number(metadata, "input_rate", float),
            input_cutoff=read_number(metadata, "input_cutoff", float),
            output_scale=read_number(metadata, "output_scale", float),
            class_means=metadata.get("class_means") == "True",
            layers=_layers(metadata.get("layers", "")),
        )


def _layers(text: str) -> tuple[Layer, ...]:
    """The layers that metadata list.

    Raises:
        InputError: They do not, or a layer is impossible.
    """
    try:
        listed: Any = json.loads(text)
        if len(listed) <= MAX_LAYERS:
            return tuple(_layer(entry) for entry in listed)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    raise InputError("metadata layers do not list the layers of a StyleGAN3")


def _layer(entry: Mapping[str, Any]) -> Layer:
    kinds: dict[str, tuple[type, ...]] = {"name": (str,), "radial": (bool,), "clamp": (float, int, type(None))}
    if not all(type(entry[field.name]) in kinds.get(field.name, (int,)) for field in fields(Layer)):
        raise TypeError("a size of another type")
    clamp = entry["clamp"]
    return Layer(**{**entry, "clamp": clamp if clamp is None else float(clamp)})
