"""What the tensors of a StyleGAN2 are called and how they are kept in the state dicts of several programs.

All of them store the weights before the scaling of the equalised learning rate, and draw the same images but for what
:func:`translate` undoes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.stylegan2.resample import resample_filter

MAX_BLOCKS = 10  # above 4 px: 4096 px
MAX_NAMES = 4


@dataclass(frozen=True)
class Naming:
    """The names of one program, whose layers are numbered as in ``conv1``, ``convs.0``, ``convs.1``, ...

    Attributes:
        program: Whose names they are.
        marks: Names that are there in this program's networks alone.
        dense: A layer of the mapping network, ``{}`` for its number.
        constant: What the synthesis starts from.
        styled: The first convolution and the others.
        colours: The first layer to colours and the others.
        weight: The weight within a convolution or a layer to colours.
        affine: Weight and bias of its affine layer.
        linear: The weight within a layer of the mapping network.
        strength: The strength of the noise within a convolution.
        noise: The constant noise of a convolution.
    """

    program: str
    marks: frozenset[str]
    dense: str
    constant: str
    styled: tuple[str, str]
    colours: tuple[str, str]
    weight: str
    affine: tuple[str, str]
    strength: str
    noise: str
    linear: str = "weight"


ROSINALITY = Naming(
    program="rosinality",
    marks=frozenset({"input.input", "conv1.activate.bias"}),
    dense="style.{}",
    constant="input.input",
    styled=("conv1", "convs.{}"),
    colours=("to_rgb1", "to_rgbs.{}"),
    weight="conv.weight",
    affine=("conv.modulation.weight", "conv.modulation.bias"),
    strength="noise.weight",
    noise="noises.noise_{}",
)
BASICSR = Naming(
    program="BasicSR",
    marks=frozenset({"constant_input.weight", "style_conv1.activate.bias"}),
    dense="style_mlp.{}",
    constant="constant_input.weight",
    styled=("style_conv1", "style_convs.{}"),
    colours=("to_rgb1", "to_rgbs.{}"),
    weight="modulated_conv.weight",
    affine=("modulated_conv.modulation.weight", "modulated_conv.modulation.bias"),
    strength="weight",
    noise="noises.noise{}",
)
MMGENERATION = Naming(
    program="MMGeneration",
    marks=frozenset({"constant_input.input", "convs.0.conv.weight_orig"}),
    dense="style_mapping.{}",
    constant="constant_input.input",
    styled=("conv1", "convs.{}"),
    colours=("to_rgb1", "to_rgbs.{}"),
    weight="conv.weight_orig",
    affine=("conv.style_modulation.linear.weight_orig", "conv.style_modulation.bias"),
    strength="noise_injector.weight",
    noise="injected_noise_{}",
    linear="linear.weight_orig",
)
NAMINGS = (ROSINALITY, BASICSR, MMGENERATION)
NVIDIA_MARKS = frozenset({"synthesis.b4.const", "synthesis.b4.torgb.weight"})


def translate(naming: Naming, state: Mapping[str, object]) -> dict[str, Tensor]:
    """The tensors by NVIDIA's names, in NVIDIA's conventions.

    All convolve with the stored weight, transposed where the side doubles. But these programs scale the weight of a 3x3
    convolution before the demodulation, NVIDIA not at all: here the scale goes into the weight, in float32. Constant
    noise that is not there, or is another layer's, is left out.

    Args:
        naming: Whose names they are.
        state: The state dict; every tensor in float32.

    Raises:
        InputError: A tensor is missing, superfluous or of an impossible shape, or a filter is another than StyleGAN2's.
    """
    left = dict(state)
    _check_kernels(left)
    tensors = _mapping(naming, left) | {"synthesis.b4.const": _take(left, naming.constant, 4)[0]}
    for number, (old, new) in enumerate(_pairs(naming.styled, "conv", left)):
        tensors |= _under(new, _styled(naming, left, old) | _noise(naming, left, number))
    for old, new in _pairs(naming.colours, "torgb", left):
        tensors |= _under(new, _colours(naming, left, old))
    if left:
        raise InputError(f"not the tensors of a StyleGAN2: {some(left)} unexpected")
    return tensors


def some(names: Mapping[Any, Any]) -> str:
    """A few names of many, on one line."""
    shown = [str(name)[:50] for name in names]
    others = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    return " ".join((", ".join(shown[:MAX_NAMES]) + others).split())


def _pairs(names: tuple[str, str], layer: str, state: Mapping[str, object]) -> list[tuple[str, str]]:
    """The old and the new name of all layers of a kind, from small to large."""
    first, others = names
    if layer == "torgb":
        old = [first, *map(others.format, range(MAX_BLOCKS))]
        new = [f"synthesis.b{4 * 2**block}.torgb" for block in range(MAX_BLOCKS + 1)]
    else:
        old = [first, *map(others.format, range(2 * MAX_BLOCKS))]
        new = [f"synthesis.b{2 ** ((number + 5) // 2)}.conv{(number + 1) % 2}" for number in range(2 * MAX_BLOCKS + 1)]
    there = {name.rpartition(".")[0] for name in state if name.endswith(".bias")}
    return [pair for pair in zip(old, new, strict=True) if pair[0] in there or f"{pair[0]}.activate" in there]


def _under(name: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": tensor for key, tensor in tensors.items()}


def _take(left: dict[str, object], name: str, *axes: int) -> Tensor:
    """A tensor with one of these numbers of axes."""
    tensor = left.pop(name, None)
    if not isinstance(tensor, Tensor) or tensor.ndim not in axes or not tensor.numel():
        found = f"has the shape {list(tensor.shape)}" if isinstance(tensor, Tensor) else "is missing"
        raise InputError(f"not the tensors of a StyleGAN2: {name} {found}")
    return tensor


def _mapping(naming: Naming, left: dict[str, object]) -> dict[str, Tensor]:
    """The mapping network: numbers start at 1 where the normalisation is layer 0, and at 0 beside an embedded label."""
    tensors = _dense(naming, left, "embed", "mapping.embed") if f"embed.{naming.linear}" in left else {}
    first = 0 if f"{naming.dense.format(0)}.{naming.linear}" in left else 1
    for layer in count():
        old = naming.dense.format(layer + first)
        if f"{old}.{naming.linear}" not in left:
            return tensors
        tensors |= _dense(naming, left, old, f"mapping.fc{layer}")
    return tensors


def _dense(naming: Naming, left: dict[str, object], old: str, new: str) -> dict[str, Tensor]:
    weight, bias = _take(left, f"{old}.{naming.linear}", 2), _take(left, f"{old}.bias", 1)
    return {f"{new}.weight": weight, f"{new}.bias": bias}


def _styled(naming: Naming, left: dict[str, object], name: str) -> dict[str, Tensor]:
    """A convolution with noise, bias and activation."""
    weight = _take(left, f"{name}.{naming.weight}", 5)[0]
    return {
        "weight": weight / math.sqrt(weight[0].numel()),
        "noise_strength": _take(left, f"{name}.{naming.strength}", 0, 1).squeeze(),
        "bias": _take(left, f"{name}.activate.bias", 1, 4).flatten(),
        **_affine(naming, left, name),
    }


def _colours(naming: Naming, left: dict[str, object], name: str) -> dict[str, Tensor]:
    weight, bias = _take(left, f"{name}.{naming.weight}", 5)[0], _take(left, f"{name}.bias", 4).flatten()
    return {"weight": weight, "bias": bias, **_affine(naming, left, name)}


def _affine(naming: Naming, left: dict[str, object], name: str) -> dict[str, Tensor]:
    weight, bias = naming.affine
    return {"affine.weight": _take(left, f"{name}.{weight}", 2), "affine.bias": _take(left, f"{name}.{bias}", 1)}


def _noise(naming: Naming, left: dict[str, object], number: int) -> dict[str, Tensor]:
    name = naming.noise.format(number)
    return {"noise_const": _take(left, name, 4)[0, 0]} if name in left else {}


def _check_kernels(left: dict[str, object]) -> None:
    """Of the filters for changes of resolution, with their gain of 4, only one is supported."""
    for name in [name for name in left if name.endswith(".kernel")]:
        kernel = _take(left, name, 2)
        if kernel.shape != (4, 4) or not torch.allclose(kernel, 4 * resample_filter(), atol=1e-5):
            raise InputError(f"tensor {name} is not the filter [1, 3, 3, 1], the only one supported")
