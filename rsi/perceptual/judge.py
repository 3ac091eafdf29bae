"""The small network that judges restored drawings of faces: none that a method minimises."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rsi.perceptual.base import PerceptualDistance
from rsi.perceptual.weights_file import open_weights

CHANNELS = (16, 32, 64, 96)


class JudgeDistance(PerceptualDistance):
    """A distance shaped like LPIPS over a small residual network trained on drawings of faces, to compare methods by.

    The mean over four stages of the squared distance between normalised features. Its architecture and training are not
    those of :class:`rsi.perceptual.EmbeddedDistance`, so that it flatters no method that has minimised that one.

    Args:
        path: Of the weights; left out, those that come with the package.

    Raises:
        InputError: The file is missing, damaged or of another kind.
    """

    epsilon = 1e-10

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self.stages = judge_stages()
        with open_weights(path, "judge.safetensors", "a judge of drawings") as (tensors, _):
            self.load_state_dict(tensors)
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def features(self, images: Tensor) -> list[Tensor]:
        """The outputs of the four stages, ``[B, C, h, w]``, each of half the side before."""
        maps, x = [], (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps

    def weights(self) -> None:
        """None; see :class:`PerceptualDistance`."""

    def distance(self, features: Iterable[Tensor], reference: Sequence[Tensor]) -> Tensor:
        """The mean over the stages, ``[B]``; see :class:`PerceptualDistance`."""
        return self.stage_distances(features, reference).mean(0)

    def describe(self, images: Tensor) -> Tensor:
        """The last stage averaged over positions, ``[B, 96]``, for distances between sets of images."""
        return self.features(images)[-1].mean((2, 3))


class ResidualStage(nn.Module):
    """A strided and a plain 3x3 convolution beside averages of 2 x 2, then SiLU (after He et al. 2016, 2019).

    Args:
        inputs: Channels read.
        outputs: Channels written.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
        self.leave = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """``[B, inputs, H, W]`` to ``[B, outputs, ceil(H / 2), ceil(W / 2)]``."""
        averages = F.avg_pool2d(x, 2, ceil_mode=True)
        return F.silu(self.leave(F.silu(self.enter(x))) + self.shortcut(averages))


def judge_stages() -> nn.ModuleList:
    """The four stages, untrained."""
    return nn.ModuleList(ResidualStage(i, o) for i, o in zip((3, *CHANNELS), CHANNELS, strict=False))
