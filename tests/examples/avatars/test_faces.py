from pathlib import Path

import numpy as np
import torch

from examples.avatars.attributes import describe
from examples.avatars.faces import DrawnFaces, EpochSampler, Faces


def test_faces_come_with_their_descriptions(small_faces: Path) -> None:
    face, description = DrawnFaces(small_faces, "faces")[5]
    assert torch.equal(
        (face * 255).round().byte().permute(1, 2, 0), torch.tensor(np.load(small_faces / "faces.npy")[5])
    )
    assert torch.equal(description, describe(torch.tensor(np.load(small_faces / "faces-latents.npy")))[5])


def test_order_depends_on_the_epoch_alone() -> None:
    sampler, other = EpochSampler(100, 20), EpochSampler(100, 20)
    first = list(sampler)
    sampler.set_epoch(1)
    other.set_epoch(1)
    assert list(sampler) == list(other) != first
    assert len(set(first)) == len(sampler) == 20


def test_an_epoch_of_a_small_set_has_all_its_faces() -> None:
    assert sorted(EpochSampler(5, 20)) == [0, 1, 2, 3, 4]


def test_validation_sees_the_held_out_faces_alone(small_faces: Path) -> None:
    (batch,) = Faces(small_faces, 8).val_dataloader()
    assert torch.equal(
        batch[0], torch.stack([face for face, _ in (DrawnFaces(small_faces, "held_out")[i] for i in range(8))])
    )
