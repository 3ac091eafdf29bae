"""The class labels of StyleGAN-XL (Sauer et al. 2022)."""

import math
from collections.abc import Mapping
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.stored_tensor import StoredTensor

EMBED, PROJECTION = "mapping.embed.weight", "mapping.embed_proj"
IMAGENET = 1000


def with_class_table(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """The tensors with the embedding of labels that the mapping network of StyleGAN2 and StyleGAN3 has.

    StyleGAN-XL looks a label up in the features of a classifier and maps these by one layer. For every label the result
    is constant: it becomes the label's column of ``mapping.embed``. Files without classes have the features, too, and
    no use for them.
    """
    tensors = dict(stored)
    if EMBED not in tensors or "mapping.embed.bias" in tensors:
        return tensors
    features = tensors.pop(EMBED)
    weight, bias = (tensors.pop(f"{PROJECTION}.{name}", None) for name in ("weight", "bias"))
    if weight is None or bias is None:
        return tensors
    shapes = features.shape, weight.shape, bias.shape
    if [len(shape) for shape in shapes] != [2, 2, 1] or (bias.shape[0], features.shape[1]) != weight.shape:
        raise InputError(f"the embedding of class labels has tensors of the shapes {[*map(list, shapes)]}")

    @cache
    def table() -> Tensor:
        """The embedded labels, ``[z_dim, c_dim]``, times what the layer divides by."""
        inputs = weight.shape[1]
        mapped = F.leaky_relu(features.read() @ (weight.read() / math.sqrt(inputs)).T + bias.read(), 0.2)
        return mapped.T.contiguous() * math.sqrt(2 * len(mapped))

    classes, length = features.shape[0], weight.shape[0]
    tensors[EMBED] = StoredTensor(lambda: table().flatten(), 0, (length, classes), (classes, 1))
    tensors["mapping.embed.bias"] = StoredTensor(lambda: torch.zeros(length), 0, (length,), (1,))
    return tensors


def class_number(label: int | str, classes: int) -> int:
    """The number of a class: itself, or that of a name in ImageNet.

    Raises:
        InputError: There is no class of this name, or the generator does not have ImageNet's.
    """
    if isinstance(label, int) or label.lstrip("-").isdecimal():
        return int(label)
    names = _imagenet_names() if classes == IMAGENET else []
    if label not in names:
        known = "give one of ImageNet's names as torchvision has them, or a number" if names else "give a number"
        raise InputError(f"there is no class {label!r:.100}: {known} from 0 to {classes - 1}")
    return names.index(label)


def _imagenet_names() -> list[str]:
    from torchvision.models import ResNet50_Weights  # takes a second, and hardly anyone gives a name

    names: list[str] = ResNet50_Weights.IMAGENET1K_V1.meta["categories"]
    return names
