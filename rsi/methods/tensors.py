"""Tensors as targets."""

import hashlib

import torch
from torch import Tensor

from rsi.data.target import Target
from rsi.numerics.randomness import image_seed


def targets_of(images: Tensor) -> list[Target]:
    """Targets of images ``[B, 3, h, w]`` in [0, 1], all of whose pixels are known.

    Their random numbers follow from their content, so that the place in the batch does not matter.
    """
    return [_target(image) for image in images.detach().float().cpu()]


def _target(image: Tensor) -> Target:
    name = hashlib.sha256(image.numpy().tobytes()).hexdigest()
    frame = (0, 0, image.shape[-1], image.shape[-2])
    return Target(name, image, torch.ones_like(image[:1]), image_seed(name, 0), frame)
