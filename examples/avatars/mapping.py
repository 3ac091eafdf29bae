"""Training of the mapping network: it learns the way from latent vectors to the codes of their faces."""

from typing import Any

import torch
import torch.nn.functional as F
from pytorch_lightning import LightningModule
from torch import Tensor
from torch.utils.data import DataLoader

from examples.avatars.attributes import Z_DIM, describe, normalise
from examples.avatars.settings import ARCHITECTURE, HELD_OUT
from examples.avatars.synthesis import Embedding
from rsi.generators import StyleGAN2Architecture
from rsi.generators.mapping import Mapping

LR = 8.0  # the layers scale their weights by 0.01 / sqrt(width): less than 0.01 of what multiplies
BATCH = 1024
STEPS_AN_EPOCH = 400


class LatentMapping(LightningModule):
    """Maps fresh latent vectors to the codes of an embedding, which stays as it is.

    Args:
        embedding: From descriptions of faces to codes.
        steps: The step size falls to 0 over so many.
        architecture: The sizes of the generator.
    """

    def __init__(self, embedding: Embedding, steps: int, architecture: StyleGAN2Architecture = ARCHITECTURE) -> None:
        super().__init__()
        self.steps = steps
        self.embedding = embedding.requires_grad_(False)
        self.mapping = Mapping(architecture)

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's
        """The squared error of the codes of latent vectors that are drawn for this step alone."""
        loss = self._error(torch.Generator().manual_seed(self.global_step))
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=BATCH)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:  # noqa: ARG002 - Lightning's
        """The same with latent vectors that are not trained on."""
        random = torch.Generator().manual_seed(HELD_OUT)
        self.log("held_out_error", self._error(random), batch_size=BATCH)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """Adam with cosine decay."""
        optimizer = torch.optim.Adam(self.mapping.parameters(), lr=LR, betas=(0.9, 0.99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, self.steps)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def train_dataloader(self) -> DataLoader[int]:
        """As many numbers as an epoch has steps; the latent vectors are drawn in the steps."""
        return DataLoader(range(STEPS_AN_EPOCH), batch_size=None)  # type: ignore[arg-type]

    def val_dataloader(self) -> DataLoader[int]:
        """One number."""
        return DataLoader(range(1), batch_size=None)  # type: ignore[arg-type]

    def _error(self, random: torch.Generator) -> Tensor:
        z = normalise(torch.randn(BATCH, Z_DIM, generator=random)).to(self.device)
        return F.mse_loss(self.mapping(z), self.embedding(describe(z)))
