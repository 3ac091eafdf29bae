"""StyleGAN3 networks with random weights, as files."""

from pathlib import Path
from typing import Any, cast

import torch

from rsi.generators import Generator, mean_code, save_generator
from rsi.generators.stylegan3.fourier import FourierInput
from rsi.generators.stylegan3.settings import StyleGAN3Settings

KEPT = 0.5
SHIFT = 0.1  # standard deviation of where random codes put the picture, in sides, and of how they turn it, in radians


def schedule(configuration: str, side: int, channel_base: int = 32768, channel_max: int = 512) -> StyleGAN3Settings:
    """The settings of configuration T, or R, whose layers have twice the channels (Karras et al. 2021)."""
    if configuration == "T":
        return StyleGAN3Settings(512, 0, 512, side, channel_base=channel_base, channel_max=channel_max)
    twice = {"channel_base": 2 * channel_base, "channel_max": 2 * channel_max}
    return StyleGAN3Settings(512, 0, 512, side, conv_kernel=1, use_radial_filters=True, **twice)


@torch.no_grad()
def random_network(settings: StyleGAN3Settings, seed: int = 0) -> Generator:
    """A network whose maps have the magnitudes of a trained one, and whose codes move the picture a little."""
    torch.manual_seed(seed)
    generator = Generator(settings.architecture)
    generator.load_state_dict(generator.state_dict() | settings.filters())
    generator.mapping.w_avg = mean_code(generator)
    affine = cast(FourierInput, generator.synthesis.get_submodule("input")).affine
    codes = generator.mapping(torch.randn(1000, settings.z_dim)) - generator.w_avg
    affine.weight[1:] = torch.randn(3, settings.w_dim)
    affine.weight[1:] *= SHIFT / (codes @ affine.weight[1:].t() * affine.weight_gain).std(0)[:, None]
    affine.bias[1:] = -(generator.w_avg @ affine.weight[1:].t()) * affine.weight_gain
    _normalise(generator)
    return generator


def write_network(path: Path, settings: StyleGAN3Settings, seed: int = 0) -> None:
    """Write a random network."""
    save_generator(random_network(settings, seed), path)


def _normalise(generator: Generator) -> None:
    """Give every layer the magnitude of its input and a bias that takes the mean off its output, as training does."""
    codes = generator.mapping(torch.randn(4, generator.architecture.z_dim))
    start, *layers = cast(Any, generator.synthesis).children()
    x = start(codes)
    for layer in layers:
        layer.magnitude_ema.copy_(x.square().mean())
        layer.bias -= KEPT * layer(x, codes).mean((0, 2, 3))
        x = layer(x, codes)
