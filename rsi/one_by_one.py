"""Batches whose images do not influence each other, to the last bit."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from rsi.in_parallel import in_parallel

Result = TypeVar("Result", Tensor, list[Tensor])


def one_by_one(function: Callable[..., Result], *batches: Tensor) -> Result:
    """``function(*batches)``, on CPUs computed for each image alone.

    Libraries choose other kernels for other batch sizes, and these round differently. On CPUs the maps of one image
    stay in the cache, and several images are computed at the same time; other devices need the whole batch to be busy.

    Args:
        function: Takes as many tensors as there are batches; returns ``[B, ...]`` or a list of such tensors.
        batches: Tensors ``[B, ...]`` of the same images.
    """
    if batches[0].device.type != "cpu" or len(batches[0]) == 1:
        return function(*batches)
    images = zip(*(torch.split(batch, 1) for batch in batches), strict=True)
    results = in_parallel([partial(function, *image) for image in images])
    if isinstance(results[0], Tensor):
        return torch.cat(results)
    return [torch.cat(parts) for parts in zip(*results, strict=True)]


def parts(count: int, device: torch.device) -> list[slice]:
    """The images that are best computed together: one on CPUs, all of a batch elsewhere."""
    return [slice(index, index + 1) for index in range(count)] if device.type == "cpu" else [slice(0, count)]
