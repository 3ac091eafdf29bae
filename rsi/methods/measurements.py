"""Measurements that a program hands over, as targets."""

import hashlib
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from rsi.data.image_checks import check_images, check_measured
from rsi.data.target import Target
from rsi.degradations.physics import as_picture
from rsi.numerics.randomness import image_seed


@torch.no_grad()
def as_images(measured: Any, physics: nn.Module | None) -> Tensor:  # noqa: ANN401 - whatever a user gives
    """What a user gives as images ``[B, 3, h, w]``, float32 on the CPU, which a gradient may need.

    Args:
        measured: Images in [0, 1], or what ``physics`` measures.
        physics: A ``deepinv.physics.Physics``, if there is one.

    Raises:
        InputError: These are no images, or the caller is inside ``torch.inference_mode``.
    """
    if physics is None:
        check_images(measured)
        images: Tensor = measured.detach().float().cpu().clone()
        return images
    for part in measured if isinstance(measured, Iterable) and not isinstance(measured, Tensor) else [measured]:
        check_measured(part)
    return as_picture(physics, measured, torch.empty(0)).cpu().clone()


def targets_of(images: Tensor) -> list[Target]:
    """Targets of images ``[B, 3, h, w]`` in [0, 1], float32 on the CPU, all of whose pixels are known.

    Their random numbers follow from their content, so that the place in the batch does not matter.
    """
    return [_target(place, image) for place, image in enumerate(images)]


def _target(place: int, image: Tensor) -> Target:
    content = hashlib.sha256(image.numpy().tobytes()).hexdigest()
    frame = (0, 0, image.shape[-1], image.shape[-2])
    return Target(f"image {place}", image, torch.ones_like(image[:1]), image_seed(content, 0), frame)
