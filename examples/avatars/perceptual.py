"""Training of the perceptual networks: they learn to name what a drawing shows."""

from typing import Any

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from examples.avatars.attributes import NAMES, PAINTED
from examples.avatars.augmentation import augment
from rsi.perceptual.embedded import CHANNELS

LR = 2e-3
WEIGHT_DECAY = 0.01
COLOUR_WEIGHT = 10.0
CHOICE_SIZES = [len(names) for names in NAMES.values()]


class AttributeNetwork(nn.Module):
    """The stages of a perceptual network, and a linear layer on means of the last one.

    Args:
        stages: What is trained.
        channels: Of the last stage.
        pool: Whether maxima of 2 x 2 are taken between the stages; else the stages themselves halve the sides.
        cells: The last maps are divided into so many parts a side, each with a mean of its own.
    """

    def __init__(self, stages: nn.ModuleList, channels: int, *, pool: bool, cells: int) -> None:
        super().__init__()
        self.stages, self.pool, self.cells = stages, pool, cells
        self.head = nn.Linear(channels * cells**2, sum(CHOICE_SIZES) + 3 * len(PAINTED))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits of every part's choices and colours ``[B, 12]``, of images ``[B, 3, R, R]`` in [0, 1]."""
        x = (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        for index, stage in enumerate(self.stages):
            x = stage(F.max_pool2d(x, 2) if self.pool and index else x)
        *logits, colours = _split(self.head(F.adaptive_avg_pool2d(x, self.cells).flatten(1)).float())
        return logits, colours


class AttributeNaming(LightningModule):
    """Names attributes and colours of faces that are cropped, blurred, noised and masked at random.

    Args:
        network: What is trained.
        steps: The step size falls to 0 over so many.
        lr: The first step size.
        all_spoiled_from: The faces are as drawn at first, and ever more of them are spoiled until this step.
    """

    def __init__(self, network: AttributeNetwork, steps: int, lr: float = LR, all_spoiled_from: float = 0) -> None:
        super().__init__()
        self.network, self.steps, self.lr, self.all_spoiled_from = network, steps, lr, all_spoiled_from

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's
        """Cross-entropy of the choices plus the weighted squared error of the colours."""
        faces, descriptions = batch
        random = torch.Generator().manual_seed(self.global_step)
        spoiled = min(self.global_step / self.all_spoiled_from, 1.0) if self.all_spoiled_from else 1.0
        logits, colours = self.network(augment(faces, random, spoiled))
        *chosen, painted = _split(descriptions)
        naming = [F.cross_entropy(x, y) for x, y in zip(logits, chosen, strict=True)]
        loss = torch.stack(naming).mean() + COLOUR_WEIGHT * F.mse_loss(colours, painted)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002 - Lightning's
        """The share of right choices for every part, and the mean squared error of the colours."""
        faces, descriptions = batch
        *chosen, painted = _split(descriptions)
        named, colours = self.network(faces)
        for part, logits, truth in zip(NAMES, named, chosen, strict=True):
            right = (logits.argmax(1) == truth.argmax(1)).float().mean()
            self.log(f"{part}_accuracy", right, batch_size=len(faces))
        self.log("colour_error", F.mse_loss(colours, painted), batch_size=len(faces))

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """AdamW with cosine decay."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def embedded_network() -> AttributeNetwork:
    """The embedded perceptual network, untrained."""
    stages = nn.ModuleList(_stage(i, o) for i, o in zip((3, *CHANNELS), CHANNELS, strict=False))
    return AttributeNetwork(stages, CHANNELS[-1], pool=True, cells=1)


def _split(described: Tensor) -> list[Tensor]:
    """The choices of every part and, last, the colours of ``[B, 47]``."""
    return list(torch.split(described, [*CHOICE_SIZES, 3 * len(PAINTED)], dim=1))


def _stage(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs), nn.ReLU(), _conv(outputs, outputs), nn.ReLU())


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    """A convolution with the initial weights of He et al. 2015; with PyTorch's own nothing is learnt."""
    conv = nn.Conv2d(inputs, outputs, 3, padding=1)
    nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
    conv.bias = nn.Parameter(torch.zeros(outputs))
    return conv
