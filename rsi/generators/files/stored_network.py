"""A generator in a file, and the network that is made of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.stored_tensor import about_tensor
from rsi.generators.generator import Generator
from rsi.generators.info import GeneratorInfo
from rsi.generators.protocols import Architecture
from rsi.generators.sizes import Shapes
from rsi.generators.stylegan2.resample import resample_filter


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
    architecture: Architecture
    shapes: Shapes
    read: Callable[[str], Tensor]
    bgr: bool = False
    assumed: Mapping[str, str] = field(default_factory=dict)


def assemble(network: StoredNetwork, info: GeneratorInfo) -> Generator:
    """The generator whose tensors a file has; they are read only when all their names and shapes are right.

    Args:
        network: What is in the file.
        info: Where it comes from.

    Raises:
        InputError: A tensor is missing, superfluous, of another shape or damaged.
    """
    with torch.device("meta"):
        generator = Generator(network.architecture, info)
    expected = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    _check_shapes(expected, network.shapes, network.architecture.kind)
    generator.load_state_dict({name: _checked(name, network.read) for name in expected}, assign=True)
    return generator


def _check_shapes(expected: Shapes, found: Shapes, kind: str) -> None:
    if missing := [name for name in expected if name not in found]:
        raise InputError(f"not the tensors of a {kind} generator: {_some(missing)} missing")
    if unexpected := [name for name in found if name not in expected]:
        raise InputError(f"not the tensors of a {kind} generator: {_some(unexpected)} unexpected")
    for name, shape in expected.items():
        if found[name] != shape:
            raise InputError(f"tensor {name} has the shape {list(found[name])} instead of {list(shape)}")


def _some(names: list[str]) -> str:
    others = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(name[:100] for name in names[:3]) + others


def _checked(name: str, read: Callable[[str], Tensor]) -> Tensor:
    """A tensor of a file in float32, in memory of its own: where it starts can change the last bits of products."""
    with about_tensor(name):
        tensor = read(name)
    if not tensor.is_floating_point() or not tensor.isfinite().all():
        raise InputError(f"tensor {name} does not hold finite floating-point numbers")
    tensor = tensor.to(torch.float32, copy=True)
    if name.endswith("resample_filter") and not torch.allclose(tensor, resample_filter(), atol=1e-6):
        raise InputError(f"tensor {name} is not the filter [1, 3, 3, 1], the only one supported")
    if name.endswith(("up_filter", "down_filter")) and not torch.allclose(
        tensor, tensor.flip([*range(tensor.ndim)]), atol=1e-6
    ):
        raise InputError(f"tensor {name} is no filter that is its own mirror image, the only kind supported")
    return tensor
