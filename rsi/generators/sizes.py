"""Sizes of generators: read from the metadata or the tensors of a file, and refused where no generator has them."""

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from rsi.errors import InputError

Number = TypeVar("Number", int, float)
Shapes = Mapping[str, tuple[int, ...]]

LARGEST = 2**20  # nothing real comes near it; it keeps absurd files from building absurd networks


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Make sure that a size is possible.

    Raises:
        InputError: It is not.
    """
    if not low <= value <= high:
        raise InputError(f"{name} {value} is not between {low} and {high}")


def check_fixed(metadata: Mapping[str, str], key: str, expected: str) -> None:
    """Make sure of what only has one value.

    Raises:
        InputError: The metadata have another.
    """
    if metadata.get(key) != expected:
        raise InputError(f"metadata {key} is {metadata.get(key)!r}; only {expected!r} is supported")


def read_number(metadata: Mapping[str, str], key: str, kind: Callable[[str], Number]) -> Number:
    """A number from metadata.

    Raises:
        InputError: It is missing or no number.
    """
    try:
        return kind(metadata[key])
    except KeyError:
        raise InputError(f"metadata {key} is missing") from None
    except ValueError:
        raise InputError(f"metadata {key} is {metadata[key][:100]!r}, not a number") from None


def length_of(shapes: Shapes, name: str, axis: int) -> int:
    """The length of an axis of a tensor.

    Raises:
        InputError: There is no such tensor, or it has fewer axes.
    """
    shape = shapes.get(name, ())
    if len(shape) <= axis:
        raise InputError(f"there is no tensor {name} with {axis + 1} or more axes")
    return shape[axis]


def mapping_sizes(shapes: Shapes) -> dict[str, int]:
    """``z_dim``, ``c_dim``, ``embed_dim``, ``w_dim`` and ``mapping_layers`` of a mapping network with NVIDIA's names.

    Raises:
        InputError: A tensor is missing or has too few axes.
    """
    embed = "mapping.embed.weight"
    embed_dim, c_dim = (length_of(shapes, embed, axis) if embed in shapes else 0 for axis in (0, 1))
    return {
        "z_dim": length_of(shapes, "mapping.fc0.weight", 1) - embed_dim,
        "c_dim": c_dim,
        "embed_dim": embed_dim,
        "w_dim": length_of(shapes, "mapping.fc0.weight", 0),
        "mapping_layers": sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in shapes),
    }
