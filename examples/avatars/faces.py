"""Drawn faces and what they show, for training."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from examples.avatars.attributes import describe

FACES_AN_EPOCH = 4096


class DrawnFaces(Dataset[tuple[Tensor, Tensor]]):
    """Faces and descriptions.

    Args:
        folder: It holds ``{name}.npy``, faces ``[N, R, R, 3]`` of 8 bits, and ``{name}-latents.npy``, ``[N, 64]``.
        name: Of the set of faces.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.faces = np.load(folder / f"{name}.npy", mmap_mode="r")
        self.descriptions = describe(torch.from_numpy(np.load(folder / f"{name}-latents.npy")))

    def __len__(self) -> int:
        return len(self.faces)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """A face, ``[3, R, R]`` in [0, 1], and its description."""
        face = torch.from_numpy(self.faces[index].copy())
        return face.permute(2, 0, 1).float() / 255, self.descriptions[index]


class EpochSampler(Sampler[int]):
    """Some faces of a set, others in every epoch; which ones depends on the epoch alone.

    Args:
        size: Of the set.
        count: Faces in an epoch.
    """

    def __init__(self, size: int, count: int) -> None:
        self.size, self.count, self.epoch = size, min(count, size), 0

    def set_epoch(self, epoch: int) -> None:
        """Called by Lightning before every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        """The numbers of the faces."""
        order = torch.randperm(self.size, generator=torch.Generator().manual_seed(self.epoch))
        return iter(order[: self.count].tolist())


class Faces(LightningDataModule):
    """The faces to train on and those held out.

    Args:
        folder: It holds the sets ``faces`` and ``held_out``; see :class:`DrawnFaces`.
        batch_size: Faces in a step.
        count: Faces in an epoch.
    """

    def __init__(self, folder: Path, batch_size: int, count: int = FACES_AN_EPOCH) -> None:
        super().__init__()
        self.folder, self.batch_size, self.count = folder, batch_size, count

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """Shuffled faces of one epoch."""
        faces = DrawnFaces(self.folder, "faces")
        sampler = EpochSampler(len(faces), self.count)
        return DataLoader(faces, self.batch_size, sampler=sampler, drop_last=True)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """All faces held out."""
        return DataLoader(DrawnFaces(self.folder, "held_out"), batch_size=32)
