"""How StyleGAN3 chooses the frequencies, sizes and filters of its layers (Karras et al. 2021, appendix C)."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.sizes import LARGEST, check_range
from rsi.generators.stylegan3.architecture import MAX_FACTOR, MAX_LAYERS, Layer, StyleGAN3Architecture


@dataclass(frozen=True)
class Band:
    """The frequencies of a map, in periods a side of the picture.

    Attributes:
        cutoff: Where the filters begin to fade.
        half_width: How much further the middle of their fading is.
        rate: Samples a side of the picture.
        size: Samples a side of the map, its margin among them.
        channels: How many maps there are.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int
    channels: int


@dataclass(frozen=True)
class StyleGAN3Settings:
    """The settings of a StyleGAN3 generator, by the names and defaults of NVIDIA's program (Karras et al. 2021).

    Attributes:
        z_dim: Length of the codes that the mapping network reads.
        c_dim: Length of the class labels; 0 for an unconditional generator.
        w_dim: Length of the style codes.
        img_resolution: Side of the images in pixels.
        mapping_layers: Fully connected layers of the mapping network.
        channel_base: Channels times resolution, where ``channel_max`` does not limit it.
        channel_max: Most channels of a layer.
        num_layers: Layers of the synthesis, that to colours left out.
        num_critical: How many of them, the last ones, are sampled critically.
        first_cutoff: Cutoff of the first layer, in periods a side.
        first_stopband: Where its transition ends.
        last_stopband_rel: The same of the last layer, in cutoffs.
        margin_size: Samples around the picture on each side.
        output_scale: What the images are multiplied by.
        conv_kernel: Side of the convolutions, 3 in configuration T and 1 in R.
        filter_size: Taps of the filters for each sample of the coarser of two rates.
        lrelu_upsampling: How many times as fine the maps are where they are activated.
        use_radial_filters: The filters reach equally far in every direction, as in configuration R.
        conv_clamp: Bound on the magnitude of every layer's output; ``None`` is unbounded.

    Raises:
        InputError: A setting that no generator can have.
    """

    z_dim: int
    c_dim: int
    w_dim: int
    img_resolution: int
    mapping_layers: int = 2
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2.0
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    output_scale: float = 0.25
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    use_radial_filters: bool = False
    conv_clamp: float | None = 256.0

    def __post_init__(self) -> None:
        check_range("img_resolution", self.img_resolution, 8, 4096)
        check_range("num_layers", self.num_layers, 2, MAX_LAYERS)
        check_range("num_critical", self.num_critical, 0, self.num_layers - 1)
        check_range("channel_base", self.channel_base, 1, LARGEST)
        check_range("channel_max", self.channel_max, 1, LARGEST)
        check_range("margin_size", self.margin_size, 0, 256)
        check_range("filter_size", self.filter_size, 1, 32)
        check_range("lrelu_upsampling", self.lrelu_upsampling, 1, MAX_FACTOR)
        if not 0 < self.first_cutoff < self.first_stopband < math.inf or self.first_cutoff > self.img_resolution / 2:
            raise InputError(f"cutoff {self.first_cutoff} and stopband {self.first_stopband} do not fit each other")
        if not 1 < self.last_stopband_rel < math.inf:
            raise InputError(f"last_stopband_rel {self.last_stopband_rel} is not a number above 1")

    @property
    def architecture(self) -> StyleGAN3Architecture:
        """The sizes of the network."""
        return StyleGAN3Architecture(
            z_dim=self.z_dim,
            c_dim=self.c_dim,
            embed_dim=self.w_dim if self.c_dim else 0,
            class_means=False,
            w_dim=self.w_dim,
            mapping_layers=self.mapping_layers,
            input_rate=self._band(0).rate,
            input_cutoff=self._band(0).cutoff,
            output_scale=self.output_scale,
            layers=tuple(map(self._layer, range(self.num_layers + 1))),
        )

    def filters(self) -> dict[str, Tensor]:
        """The filters of all layers, ``[taps]`` or ``[taps, taps]``, by the names of their tensors."""
        filters = {}
        for index, layer in enumerate(self.architecture.layers[:-1]):
            before, after, rate = self._before(index), self._band(index), self._activation_rate(index)
            design = radial_filter if layer.radial else kaiser_filter
            filters[f"synthesis.{layer.name}.up_filter"] = kaiser_filter(layer.up_taps, before, rate)
            filters[f"synthesis.{layer.name}.down_filter"] = design(layer.down_taps, after, rate)
        return filters

    def _band(self, index: int) -> Band:
        """The frequencies of what a layer writes."""
        exponent = min(index / (self.num_layers - self.num_critical), 1)
        last = self.img_resolution / 2
        cutoff = self.first_cutoff * (last / self.first_cutoff) ** exponent
        stopband = self.first_stopband * (last * self.last_stopband_rel / self.first_stopband) ** exponent
        rate = 2 ** math.ceil(math.log2(min(2 * stopband, self.img_resolution)))
        is_cropped = index >= self.num_layers - 1
        return Band(
            cutoff,
            half_width=max(stopband, rate / 2) - cutoff,
            rate=rate,
            size=self.img_resolution if is_cropped else rate + 2 * self.margin_size,
            channels=3 if index == self.num_layers else round(min(self.channel_base / 2 / cutoff, self.channel_max)),
        )

    def _before(self, index: int) -> Band:
        """The frequencies of what a layer reads."""
        return self._band(max(index - 1, 0))

    def _activation_rate(self, index: int) -> int:
        colours = index == self.num_layers
        return max(self._before(index).rate, self._band(index).rate) * (1 if colours else self.lrelu_upsampling)

    def _layer(self, index: int) -> Layer:
        before, after, rate = self._before(index), self._band(index), self._activation_rate(index)
        colours, critical = index == self.num_layers, index >= self.num_layers - self.num_critical
        up, down = rate // before.rate, rate // after.rate
        return Layer(
            name=f"L{index}_{after.size}_{after.channels}",
            in_channels=before.channels,
            out_channels=after.channels,
            in_size=before.size,
            out_size=after.size,
            kernel=1 if colours else self.conv_kernel,
            up=up,
            down=down,
            up_taps=self.filter_size * up if up > 1 and not colours else 1,
            down_taps=self.filter_size * down if down > 1 and not colours else 1,
            radial=self.use_radial_filters and not critical,
            clamp=self.conv_clamp,
        )


def kaiser_filter(taps: int, band: Band, rate: float) -> Tensor:
    """A windowed sinc that passes a band, ``[taps]`` with the sum 1 (Karras et al. 2021, appendix C).

    Args:
        taps: Its length; 1 passes everything.
        band: What it passes.
        rate: Samples a side of the maps that it filters.
    """
    if taps == 1:
        return torch.ones(1)
    positions = _positions(taps, rate)
    passed = np.sinc(2 * band.cutoff * positions) * _window(taps, band, rate)
    return torch.from_numpy(passed / passed.sum()).float()


def radial_filter(taps: int, band: Band, rate: float) -> Tensor:
    """As :func:`kaiser_filter`, with the same reach in every direction, ``[taps, taps]`` with the sum 1."""
    positions, window = _positions(taps, rate), _window(taps, band, rate)
    radius = np.hypot(positions[:, None], positions)
    bessel = torch.special.bessel_j1(torch.from_numpy(2 * np.pi * band.cutoff * radius)).numpy()
    passed = bessel / (np.pi * radius) * np.outer(window, window)
    return torch.from_numpy(passed / passed.sum()).float()


def _positions(taps: int, rate: float) -> np.ndarray:
    return (np.arange(taps) - (taps - 1) / 2) / rate


def _window(taps: int, band: Band, rate: float) -> np.ndarray:
    """Kaiser's window whose transition has the width of the band's."""
    attenuation = 2.285 * (taps - 1) * math.pi * (2 * band.half_width / (rate / 2)) + 7.95
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation > 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    else:
        beta = 0.0
    return np.kaiser(taps, beta)
