"""A generator in a file, before its network is made."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from rsi.generators.files.assembly import Shapes
from rsi.generators.protocols import Sizes


@dataclass(frozen=True)
class StoredNetwork:
    """The tensors of a generator by NVIDIA's names, and what else its file says.

    Attributes:
        format: What kind of file it is, for a person.
        place: Which of the networks in the file it is; empty where a file has one alone.
        architecture: Its sizes.
        shapes: The shape of every tensor.
        read: Reads one of them.
        bgr: The network draws blue first.
        assumed: What was assumed because the file does not say it, by what it is about.
    """

    format: str
    place: str
    architecture: Sizes
    shapes: Shapes
    read: Callable[[str], Tensor]
    bgr: bool = False
    assumed: Mapping[str, str] = field(default_factory=dict)
