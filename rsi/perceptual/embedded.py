"""The small perceptual network that comes with the embedded generator."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from rsi.perceptual.base import PerceptualDistance
from rsi.perceptual.colours import PooledColours
from rsi.perceptual.weights_file import open_weights

CHANNELS = (16, 24, 48, 64, 96)


class EmbeddedDistance(PerceptualDistance):
    """A distance shaped like LPIPS over a small network trained on drawings of faces, for the embedded generator.

    The mean over five stages of the squared distance between normalised features, plus ``rgb_weight`` times the squared
    difference of the images themselves. The file's metadata says that weight and, for a loss, ``colour_side`` and
    ``colour_weight`` of the pooled colours and ``prior_weight``.

    Args:
        path: Of the weights; left out, those that come with the package.

    Raises:
        InputError: The file is missing, damaged or of another kind.
    """

    epsilon = 1e-10

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        widths = (3, *CHANNELS)
        self.stages = nn.ModuleList(_stage(i, o) for i, o in zip(widths, CHANNELS, strict=False))
        with open_weights(path, "perceptual.safetensors", "an embedded perceptual network") as (tensors, metadata):
            self.load_state_dict(tensors)
            self.rgb_weight = _weight("rgb_weight", metadata["rgb_weight"])
            if "colour_weight" in metadata:
                self.pooled_colours = PooledColours(int(metadata["colour_side"]), float(metadata["colour_weight"]))
            self.prior_weight = _weight("prior_weight", metadata.get("prior_weight", "0"))
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # measured to be a third faster

    def features(self, images: Tensor) -> list[Tensor]:
        """The outputs of the five stages, ``[B, C, h, w]`` each; see :class:`PerceptualDistance`."""
        maps, x = [], (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        for index, stage in enumerate(self.stages):
            x = stage(x if index == 0 else nn.functional.max_pool2d(x, 2))
            maps.append(x)
        return maps

    def weights(self) -> None:
        """None; see :class:`PerceptualDistance`."""

    def distance(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        """The mean over the stages, ``[B]``; see :class:`PerceptualDistance`."""
        return self.stage_distances(features, reference).mean(0)


def _weight(name: str, text: str) -> float:
    weight = float(text)
    if not 0 <= weight < math.inf:
        raise ValueError(f"{name} {weight} is no number of at least 0")
    return weight


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.ReLU(inplace=True),
    )
