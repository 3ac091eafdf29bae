"""Training that goes on where it was stopped, whatever stopped it."""

from pathlib import Path
from time import monotonic
from typing import Any

import torch
from pytorch_lightning import Callback, LightningDataModule, LightningModule, Trainer
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint
from pytorch_lightning.loggers import TensorBoardLogger

from rsi.log import tell

LAST = "last.ckpt"


class EpochLines(Callback):
    """Prints a line an epoch: what was measured, how long an epoch takes and what is left.

    Args:
        name: Of what is trained.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._start = 0.0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Look at the clock."""
        self._start = monotonic()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002 - Lightning's
        """Print the line."""
        seconds = monotonic() - self._start
        done, epochs = trainer.current_epoch + 1, trainer.max_epochs or 0
        measured = ", ".join(f"{name} {float(value):.4g}" for name, value in trainer.callback_metrics.items())
        left = f"{seconds:.0f} s an epoch, {seconds * (epochs - done) / 60:.0f} min left"
        tell(f"{self.name} {done}/{epochs}: {measured}; {left}")


def train(
    module: LightningModule,
    data: LightningDataModule | None,
    folder: Path,
    epochs: int,
    *,
    precision: Any = "32-true",  # noqa: ANN401 - Lightning's own union
    ema_decay: float | None = None,
) -> None:
    """Train for some epochs, or for what is left of them; ``module`` has the trained weights afterwards.

    After every epoch a checkpoint is written; the random numbers of a step depend on nothing else than its number.

    Args:
        module: What to train.
        data: The faces; left out, the module brings its own data.
        folder: Of the checkpoint and TensorBoard's files.
        epochs: How many, earlier runs included.
        precision: Lightning's.
        ema_decay: The weights are averaged exponentially, keeping this share of the average in every step.
    """
    last = folder / LAST
    if _epochs_done(last) < epochs:
        checkpoint = ModelCheckpoint(folder, "last", save_top_k=1, enable_version_counter=False)
        averaging = [EMAWeightAveraging(decay=ema_decay)] if ema_decay is not None else []
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=epochs,
            precision=precision,
            callbacks=[EpochLines(folder.name), *averaging, checkpoint],
            logger=TensorBoardLogger(folder, name="", version=""),
            num_sanity_val_steps=0,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, datamodule=data, ckpt_path=last if last.is_file() else None, weights_only=True)
    module.load_state_dict(torch.load(last, weights_only=True)["state_dict"])


def _epochs_done(checkpoint: Path) -> int:
    return int(torch.load(checkpoint, weights_only=True)["epoch"]) + 1 if checkpoint.is_file() else 0
