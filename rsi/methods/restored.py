"""What has become of the images of a batch after its last phase."""

import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rsi.callbacks.base import RestoredTarget
from rsi.degradations import quantise
from rsi.degradations.without_colour import without_colour
from rsi.methods.batch import Batch, Observation
from rsi.methods.explained import share_explained
from rsi.methods.guard import GOING
from rsi.perceptual import PerceptualDistance

FIDELITY_STEP = -1  # no step has its random numbers


@torch.no_grad()
def restored_targets(
    batch: Batch[Any], perceptual: PerceptualDistance, degradation: str, latent_facts: Mapping[str, str]
) -> list[RestoredTarget]:
    """What has become of each target, in the order of the batch.

    Args:
        batch: A batch whose last phase has ended.
        perceptual: The distance that fidelity is measured with (RSI, evaluation).
        degradation: The name of the degradation that was undone.
        latent_facts: What a file has to say of the latents.
    """
    seen, final = batch.observation, batch.path[-1]
    path = [(result.space, without_colour(result.images, batch.targets)) for result in batch.path]
    degraded = _degraded(seen, final.images)
    fidelity = perceptual(degraded, seen.observed).tolist()
    shares = _explained(seen, batch.path[0].images).tolist()
    maps = (degraded - seen.observed).abs().mean(1).cpu()
    terms = {name: value.tolist() for name, value in batch.terms.items()}
    stops = batch.guard.stopped_at.tolist()
    seconds = (time.monotonic() - batch.started) / len(batch.targets)
    return [
        RestoredTarget(
            target=target,
            together=[other.name for other in batch.targets],
            image=path[-1][1][index],
            path=[(space, images[index]) for space, images in path],
            latent={name: value[index] for name, value in final.latent.items()},
            latent_facts=latent_facts,
            fidelity=fidelity[index],
            explained=shares[index],
            fidelity_map=maps[index],
            terms={name: values[index] for name, values in terms.items()},
            stopped_at=None if stops[index] == GOING else stops[index],
            degradation=degradation,
            parameters=seen.operator.read_parameters(index),
            seconds=seconds,
        )
        for index, target in enumerate(batch.targets)
    ]


def _degraded(seen: Observation, images: Tensor) -> Tensor:
    """Restored images degraded as files are, ``[B, 3, h, w]``, 0 where the targets are unknown."""
    device = seen.known.device
    degraded = seen.operator.degrade(quantise(images.to(device)), seen.random(f"degrade {FIDELITY_STEP}"))
    return degraded.to(device) * seen.known


def _explained(seen: Observation, images: Tensor) -> Tensor:
    """The share of each target that the images of the first phase explain, ``[B]``."""
    first = images.to(seen.known.device)
    return share_explained(lambda draw: seen.operator(first, seen.random(f"explain {draw}")), seen.observed, seen.known)
