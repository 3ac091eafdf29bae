"""Training of the perceptual network: it learns to name what a drawing shows."""

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
    """The five stages of the embedded perceptual network, and a linear layer on the mean of the last one."""

    def __init__(self) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_stage(i, o) for i, o in zip((3, *CHANNELS), CHANNELS, strict=False))
        self.head = nn.Linear(CHANNELS[-1], sum(CHOICE_SIZES) + 3 * len(PAINTED))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> tuple[list[Tensor], Tensor]:
        """Logits of every part's choices and colours ``[B, 12]``, of images ``[B, 3, R, R]`` in [0, 1]."""
        x = (images * 2 - 1).contiguous(memory_format=torch.channels_last)
        for index, stage in enumerate(self.stages):
            x = stage(F.max_pool2d(x, 2) if index else x)
        *logits, colours = _split(self.head(x.mean((2, 3))).float())
        return logits, colours


class AttributeNaming(LightningModule):
    """Names attributes and colours of faces that are cropped, blurred, noised and masked at random.

    Args:
        steps: The step size falls to 0 over so many.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.network = AttributeNetwork()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's
        """Cross-entropy of the choices plus the weighted squared error of the colours."""
        faces, descriptions = batch
        random = torch.Generator().manual_seed(self.global_step)
        logits, colours = self.network(augment(faces, random))
        *chosen, painted = _split(descriptions)
        naming = [F.cross_entropy(x, y) for x, y in zip(logits, chosen, strict=True)]
        loss = torch.stack(naming).mean() + COLOUR_WEIGHT * F.mse_loss(colours, painted)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002 - Lightning's
        """The share of right choices for every part."""
        faces, descriptions = batch
        *chosen, _ = _split(descriptions)
        for part, logits, truth in zip(NAMES, self.network(faces)[0], chosen, strict=True):
            right = (logits.argmax(1) == truth.argmax(1)).float().mean()
            self.log(f"{part}_accuracy", right, batch_size=len(faces))

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """AdamW with cosine decay."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=LR, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


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
