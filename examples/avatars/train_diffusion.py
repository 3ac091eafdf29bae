"""Train a small diffusion model of the avatars, a prior for DDRM.

``python train_diffusion.py --faces faces.npy --output_dir diffusion`` goes on where an earlier run stopped. After every
1,000 steps ``diffusion/prior/`` holds the averaged network, for ``rsi fit --method ddrm --prior diffusion/prior``, and
``diffusion/samples.png`` faces drawn from it.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from diffusers import UNet2DModel
from jsonargparse import auto_cli
from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.callbacks import EMAWeightAveraging, ModelCheckpoint, TQDMProgressBar
from pytorch_lightning.loggers import CSVLogger
from torch import Tensor
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset
from torchvision.utils import save_image

from rsi.methods.ddrm_prior import TIMESTEPS, DiffusionPrior, alphas_cumprod

HELD_OUT = 64  # faces at the end of the file
WARM_UP = 100  # steps
CHECK_EVERY, CHECKPOINT_EVERY = 1000, 100  # steps
SAMPLES, SAMPLING_STEPS = 16, 25


class NoisePrediction(LightningModule):
    """Learns to predict the noise in noised images (Ho et al. 2020, algorithm 1).

    Args:
        steps: How many steps the training takes; the step size falls to 0 over them.
        lr: The largest step size.
    """

    alphas: Tensor

    def __init__(self, steps: int, lr: float) -> None:
        super().__init__()
        self.steps = steps
        self.lr = lr
        self.prior = DiffusionPrior(make_unet()).to(memory_format=torch.channels_last)
        self.register_buffer("alphas", alphas_cumprod().float(), persistent=False)

    def configure_optimizers(self) -> Any:  # noqa: ANN401 - Lightning's own union
        """AdamW; the step size rises in the first steps and then falls as a cosine."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=self.lr, weight_decay=0.01)
        rate = torch.optim.lr_scheduler.LambdaLR(optimizer, self._step_factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": rate, "interval": "step"}}

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:  # noqa: ARG002 - Lightning's signature
        """The mean squared error of the predicted noise, at random timesteps."""
        loss = self._error(batch, torch.randint(TIMESTEPS, (len(batch),), device=self.device), torch.randn_like(batch))
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """The same over evenly spread timesteps, with the same noise every time."""
        noise = torch.randn(batch.shape, generator=torch.Generator().manual_seed(batch_idx)).to(batch)
        timesteps = torch.linspace(0, TIMESTEPS - 1, len(batch), device=self.device).long()
        self.log("validation_loss", self._error(batch, timesteps, noise), prog_bar=True)

    def _step_factor(self, step: int) -> float:
        return min((step + 1) / WARM_UP, (1 + math.cos(math.pi * min(step / self.steps, 1))) / 2)

    def _error(self, images: Tensor, timesteps: Tensor, noise: Tensor) -> Tensor:
        share = self.alphas[timesteps].view(-1, 1, 1, 1)
        return F.mse_loss(self.prior(share.sqrt() * images + (1 - share).sqrt() * noise, timesteps), noise)

    @torch.no_grad()
    def sample(self, count: int, steps: int) -> Tensor:
        """Images drawn with a deterministic sampler, ``[count, 3, R, R]`` in [0, 1] (Song et al. 2021, eta 0)."""
        x = torch.randn(count, 3, *self.prior.resolution, generator=torch.Generator().manual_seed(0)).to(self.device)
        timesteps = torch.linspace(TIMESTEPS - 1, 0, steps).long().tolist()
        for now, after in zip(timesteps, [*timesteps[1:], None], strict=True):
            noise = self.prior(x, torch.full((count,), now, device=self.device))
            clean = (x - (1 - self.alphas[now]).sqrt() * noise) / self.alphas[now].sqrt()
            share = torch.ones(()) if after is None else self.alphas[after]
            x = share.sqrt() * clean.clamp(-1, 1) + (1 - share).sqrt() * noise
        return (x + 1) / 2


class RandomFaces(IterableDataset[Tensor]):
    """Faces in [-1, 1] drawn with replacement, without end.

    Args:
        faces: ``[N, R, R, 3]`` uint8.
        seed: Of the order; a resumed run takes another one.
    """

    def __init__(self, faces: np.ndarray[Any, np.dtype[np.uint8]], seed: int) -> None:
        self.faces = faces
        self.seed = seed

    def __iter__(self) -> Iterator[Tensor]:
        """One face ``[3, R, R]`` after another."""
        random = np.random.default_rng(self.seed)
        while True:
            yield to_tensor(self.faces[random.integers(len(self.faces))])


class PriorExport(Callback):
    """Writes the network and samples of it after every validation; put it before the callback that averages.

    Args:
        folder: Where ``prior/`` and ``samples.png`` go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write them, while the module holds the averaged weights."""
        module = cast(NoisePrediction, pl_module)
        deepcopy(module.prior.unet).half().save_pretrained(self.folder / "prior")
        save_image(module.sample(SAMPLES, SAMPLING_STEPS), self.folder / "samples.png", nrow=8)


def make_unet() -> UNet2DModel:
    """A network for 128 px on a CPU: folded by 2 to 64 px, with few channels there and attention at 8 px alone."""
    return UNet2DModel(
        sample_size=64,
        in_channels=12,
        out_channels=12,
        block_out_channels=(32, 48, 64, 88),
        down_block_types=("DownBlock2D",) * 4,
        up_block_types=("UpBlock2D",) * 4,
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=44,
    )


def to_tensor(face: np.ndarray[Any, np.dtype[np.uint8]]) -> Tensor:
    """A face ``[R, R, 3]`` of bytes as ``[3, R, R]`` in [-1, 1]."""
    return torch.from_numpy(face.copy()).permute(2, 0, 1).float() / 127.5 - 1


def main(
    faces: Path, output_dir: Path = Path("diffusion"), steps: int = 4000, batch_size: int = 8, lr: float = 1e-3
) -> None:
    """Train a diffusion model of rendered faces.

    Args:
        faces: The file that the renderer wrote, ``[N, 128, 128, 3]`` uint8.
        output_dir: Where checkpoints, samples and the network go.
        steps: How many steps the training takes; a resumed run may have another number.
        batch_size: Faces in a step.
        lr: The largest step size.
    """
    pictures = np.load(faces, mmap_mode="r")
    module = NoisePrediction(steps, lr)
    checkpoint = ModelCheckpoint(output_dir, "last", every_n_train_steps=CHECKPOINT_EVERY, enable_version_counter=False)
    last = output_dir / "last.ckpt"
    seed = int(torch.load(last, weights_only=True)["global_step"]) if last.is_file() else 0
    torch.manual_seed(seed)
    trainer = Trainer(
        max_steps=steps,
        precision="bf16-mixed",
        gradient_clip_val=1.0,
        callbacks=[
            PriorExport(output_dir),
            EMAWeightAveraging(decay=0.998, update_starting_at_step=steps // 10),
            checkpoint,
            TQDMProgressBar(20),
        ],
        logger=CSVLogger(output_dir),
        val_check_interval=min(CHECK_EVERY, steps),
        num_sanity_val_steps=0,
        enable_model_summary=False,
    )
    training = DataLoader(RandomFaces(pictures[:-HELD_OUT], seed), batch_size)
    held_out: Any = [to_tensor(face) for face in pictures[-HELD_OUT:]]
    validation = DataLoader[Tensor](held_out, HELD_OUT // 4)
    trainer.fit(module, training, validation, ckpt_path=last if last.is_file() else None)


if __name__ == "__main__":
    auto_cli(main, as_positional=False)
