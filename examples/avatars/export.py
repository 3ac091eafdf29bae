"""Trained weights as the files that rsi reads."""

from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from examples.avatars.judge import folded
from examples.avatars.perceptual import AttributeNetwork
from examples.avatars.settings import LICENSE
from examples.avatars.synthesis_network import TrainableSynthesis
from rsi.generators import Generator, StyleGAN2Architecture
from rsi.generators.mapping import Mapping
from rsi.generators.statistics import mean_code, w_rms
from rsi.perceptual import judge
from rsi.perceptual.colours import PooledColours
from rsi.perceptual.embedded import CHANNELS
from rsi.storage.atomic import atomic_path

RGB_WEIGHT = 2.0  # of the squared difference of the images themselves; without it a change of colour would be none
POOLED_COLOURS = PooledColours(side=4, weight=30.0)  # for a loss; per pixel, noise would bias it
PRIOR_WEIGHT = 2e-4  # of the distance of codes to those that the mapping makes, for a loss
FFHQ_W_RMS = 9.95  # the step sizes of the method suit this scale of W
SAMPLES = 100_000


def export_perceptual(network: AttributeNetwork, path: Path) -> None:
    """Write the stages of a perceptual network as safetensors; what named the attributes is left out."""
    widths = " ".join(map(str, CHANNELS))
    metadata = {
        "architecture": f"five stages of two 3x3 conv + ReLU, {widths}, max pool between",
        "rgb_weight": str(RGB_WEIGHT),
        "colour_side": str(POOLED_COLOURS.side),
        "colour_weight": str(POOLED_COLOURS.weight),
        "prior_weight": str(PRIOR_WEIGHT),
    }
    _save({f"stages.{name}": tensor for name, tensor in network.stages.state_dict().items()}, path, metadata)


def export_judge(network: AttributeNetwork, path: Path) -> None:
    """Write the stages of the judge as safetensors of 16 bits; what named the attributes is left out."""
    widths = " ".join(map(str, judge.CHANNELS))
    metadata = {"architecture": f"four residual stages of two 3x3 conv + SiLU, {widths}, strided", "license": LICENSE}
    weights = folded(network.stages).half().state_dict()
    _save({f"stages.{name}": tensor for name, tensor in weights.items()}, path, metadata)


def export_generator(
    mapping: Mapping,
    synthesis: TrainableSynthesis,
    architecture: StyleGAN2Architecture,
    path: Path,
    samples: int = SAMPLES,
) -> None:
    """Write mapping and synthesis network as the safetensors file of a generator.

    Args:
        mapping: The trained mapping network.
        synthesis: The trained synthesis network; noise strengths stay 0.
        architecture: The sizes of both.
        path: The file.
        samples: The mean and the scale of the codes are taken of so many.
    """
    generator = Generator(architecture)
    generator.mapping.load_state_dict(mapping.state_dict())
    generator.synthesis.load_state_dict({**generator.synthesis.state_dict(), **synthesis.state_dict()})
    generator.mapping.w_avg.copy_(mean_code(generator, samples))
    rms = w_rms(generator, samples)
    metadata = {
        **architecture.to_metadata(),
        "license": LICENSE,
        "w_rms": f"{rms:.3f}",
        "lr_scale": f"{rms / FFHQ_W_RMS:.3f}",
    }
    _save({name: tensor.float() for name, tensor in generator.state_dict().items()}, path, metadata)


@torch.no_grad()
def _save(tensors: dict[str, Tensor], path: Path, metadata: dict[str, str]) -> None:
    with atomic_path(path) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary, metadata)
