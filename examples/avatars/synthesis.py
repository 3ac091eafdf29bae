"""Training of the synthesis network: it learns to draw faces from what is to be seen on them."""

from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from examples.avatars.attributes import NAMES, PAINTED
from examples.avatars.settings import ARCHITECTURE
from examples.avatars.synthesis_network import TrainableSynthesis
from rsi.generators import StyleGAN2Architecture
from rsi.perceptual.embedded import EmbeddedDistance

LR = 2.5e-3
DECAY = 0.4  # of the steps, the last ones, take ever smaller step sizes
HALF_LIFE = 4000  # images, of the exponential average of the weights
PERCEPTUAL_WEIGHT = 0.4
HIDDEN = 256


class Embedding(nn.Sequential):
    """From descriptions of faces, ``[B, 47]``, to codes, ``[B, w_dim]``.

    Args:
        w_dim: Length of a code.
    """

    def __init__(self, w_dim: int) -> None:
        inputs = sum(map(len, NAMES.values())) + 3 * len(PAINTED)
        super().__init__(
            nn.Linear(inputs, HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, HIDDEN),
            nn.LeakyReLU(0.2),
            nn.Linear(HIDDEN, w_dim),
        )


class Drawing(LightningModule):
    """Draws faces from descriptions.

    Args:
        perceptual: The file of the perceptual network.
        steps: How many steps the training takes.
        architecture: The sizes of the generator.
    """

    def __init__(self, perceptual: Path, steps: int, architecture: StyleGAN2Architecture = ARCHITECTURE) -> None:
        super().__init__()
        self.steps = steps
        self.embedding = Embedding(architecture.w_dim)
        self.synthesis = TrainableSynthesis(architecture)
        self.perceptual = EmbeddedDistance(perceptual)
        self.to(memory_format=torch.channels_last)  # a tenth faster in bfloat16

    def forward(self, descriptions: Tensor) -> Tensor:
        """Faces ``[B, 3, R, R]``, nominally in [0, 1], from descriptions ``[B, 47]``."""
        drawn: Tensor = (self.synthesis(self.embedding(descriptions)) + 1) / 2
        return drawn

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's
        """Distance to the drawing, of pixels and of features."""
        faces, descriptions = batch
        drawn = self(descriptions)
        loss = pixel_loss(drawn * 2 - 1, faces * 2 - 1) + PERCEPTUAL_WEIGHT * self._perceptual_loss(drawn, faces)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:  # noqa: ARG002 - Lightning's
        """PSNR of the drawings, in dB, averaged over faces."""
        faces, descriptions = batch
        self.log("held_out_psnr", psnr(self(descriptions), faces).mean(), batch_size=len(faces))

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """Adam; the step size falls to 0 as a cosine over the last steps."""
        trained = [*self.embedding.parameters(), *self.synthesis.parameters()]
        optimizer = torch.optim.Adam(trained, lr=LR, betas=(0.9, 0.99))
        last = int(self.steps * DECAY)
        constant = torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
        cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, last))
        schedule = torch.optim.lr_scheduler.SequentialLR(optimizer, [constant, cosine], [self.steps - last])
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _perceptual_loss(self, drawn: Tensor, faces: Tensor) -> Tensor:
        features, reference = self.perceptual.features(drawn), self.perceptual.reference(faces)
        return self.perceptual.stage_distances(features, reference).sum(0).mean()


def pixel_loss(x: Tensor, y: Tensor) -> Tensor:
    """L1 + 2 MSE + L1 of horizontal and vertical differences + L1 at three sizes pooled by 2, of ``[B, 3, R, R]``."""
    error = x - y
    loss = error.abs().mean() + 2 * error.square().mean()
    loss = loss + error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    for _ in range(3):
        error = F.avg_pool2d(error, 2)
        loss = loss + error.abs().mean()
    return loss


def psnr(x: Tensor, y: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of every image of ``x``, ``[B, 3, R, R]``, clamped to [0, 1], ``[B]``."""
    error = (x.float().clamp(0, 1) - y).square().mean((1, 2, 3))
    return -10 * error.clamp(min=1e-10).log10()
