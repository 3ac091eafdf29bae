"""Generators from named tensors of a file."""

import re
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.architecture import Architecture
from rsi.generators.generator import Generator
from rsi.generators.info import GeneratorInfo
from rsi.generators.protocols import Sizes
from rsi.generators.resample import resample_filter

Shapes = Mapping[str, tuple[int, ...]]


def infer_architecture(shapes: Shapes, conv_clamp: object = None) -> Architecture:
    """The architecture that has tensors of these shapes, named as NVIDIA's.

    Args:
        shapes: The shape of every tensor by name.
        conv_clamp: What the file says of the bound on the layers' outputs, which no shape tells.

    Raises:
        InputError: A tensor is missing, or the network is of another kind.
    """

    def size(name: str, axis: int) -> int:
        shape = shapes.get(name, ())
        if len(shape) <= axis:
            raise InputError(f"there is no tensor {name} with {axis + 1} or more axes")
        return shape[axis]

    if not isinstance(conv_clamp, int | float | None):
        raise InputError(f"conv_clamp is a {type(conv_clamp).__name__}, not a number")
    blocks = (re.fullmatch(r"synthesis\.b(\d{1,4})\.conv1\.weight", name) for name in shapes)
    channels = {4: size("synthesis.b4.conv1.weight", 0)}
    channels |= {int(block[1]): size(block[0], 0) for block in blocks if block}
    if (colours := size(f"synthesis.b{max(channels)}.torgb.weight", 0)) != 3:
        raise InputError(f"the generator makes images of {colours} channels: only RGB is supported")
    conditional = "mapping.embed.weight" in shapes
    return Architecture(
        z_dim=size("mapping.fc0.weight", 1) - (size("mapping.embed.weight", 0) if conditional else 0),
        c_dim=size("mapping.embed.weight", 1) if conditional else 0,
        w_dim=size("synthesis.b4.conv1.affine.weight", 1),
        img_resolution=max(channels),
        mapping_layers=sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in shapes),
        channel_base=max(resolution * count for resolution, count in channels.items()),
        channel_max=max(channels.values()),
        conv_clamp=conv_clamp,
        start_height=size("synthesis.b4.const", 1),
        start_width=size("synthesis.b4.const", 2),
    )


def assemble(architecture: Sizes, info: GeneratorInfo, shapes: Shapes, read: Callable[[str], Tensor]) -> Generator:
    """A generator from tensors that are read only when all their names and shapes are right.

    Args:
        architecture: Its sizes.
        info: Where it comes from.
        shapes: The shape of every tensor of the file by name.
        read: Reads one of them.

    Raises:
        InputError: A tensor is missing, superfluous, of another shape or damaged.
    """
    with torch.device("meta"):
        generator = Generator(architecture, info)
    expected = {name: tuple(tensor.shape) for name, tensor in generator.state_dict().items()}
    _check_shapes(expected, shapes, architecture.kind)
    generator.load_state_dict({name: _checked(name, read) for name in expected}, assign=True)
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
    try:
        tensor = read(name)
    except InputError as error:
        raise InputError(f"tensor {name}: {error}") from None
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
