"""The embedding of class labels in files of StyleGAN-XL (Sauer et al. 2022)."""

import math
from collections.abc import Mapping
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.stored_tensor import StoredTensor

EMBED, PROJECTION = "mapping.embed.weight", "mapping.embed_proj"


def with_class_table(stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    """The tensors with the embedding of labels that the mapping network of StyleGAN2 and StyleGAN3 has.

    StyleGAN-XL looks a label up in the features of a classifier and maps these by one layer. For every label the result
    is constant: it becomes the label's column of ``mapping.embed``. Files without classes have the features, too, and
    no use for them.

    Args:
        stored: The tensors of the file by name.

    Raises:
        InputError: The tensors of the embedding do not fit each other.
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
