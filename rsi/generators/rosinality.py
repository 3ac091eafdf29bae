"""StyleGAN2 checkpoints with the tensor names of rosinality's PyTorch version, the most widespread one."""

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.inert_pickle import DICTIONARIES, Call, UnknownGlobalError, dictionary
from rsi.generators.resample import resample_filter
from rsi.generators.stored_tensor import REBUILD_PARAMETER, REBUILD_TENSOR, StoredTensor
from rsi.generators.torch_file import TorchFile
from rsi.numerics.randomness import ImageRandom

NETWORKS = ("g_ema", "g")  # of a checkpoint, the better first
MAX_BLOCKS = 11  # 4096 px
MAX_NAMES = 4


def read_rosinality(data: bytes) -> dict[str, Tensor]:
    """Read the generator of a ``torch.save`` file, with the names and conventions of NVIDIA's.

    Both store weights before the scaling of the equalised learning rate, and both convolve with the stored weight,
    transposed where the side doubles. But rosinality scales the weight of a 3x3 convolution before the demodulation,
    NVIDIA not at all: here the scale goes into the weight. Constant noise that was not stored
    is drawn, always the same. What a training has noted beside the weights is never looked at, whatever it is.

    Args:
        data: The file.

    Returns:
        The tensors; ``mapping.w_avg`` is among them if the file has a ``latent_avg``.

    Raises:
        InputError: The file is damaged, could only be used by running it, or holds another network.
    """
    file = TorchFile(data)
    root = _contents(file.root)
    left = {name: _read(name, value, file) for name, value in _network(root).items()}
    tensors = _mapping(left) | {"synthesis.b4.const": _take(left, "input.input", 4)[0]}
    for old, new, side in _layers(left):
        read = _to_rgb if new.endswith("torgb") else _styled
        tensors |= {f"{new}.{name}": tensor for name, tensor in read(left, old, side).items()}
        tensors[f"{new.rpartition('.')[0]}.resample_filter"] = resample_filter()
    if left:
        raise InputError(f"not the tensors of a StyleGAN2: {_some(left)} unexpected")
    mean = _mean(root.get("latent_avg"), file)
    return tensors if mean is None else tensors | {"mapping.w_avg": mean}


def _contents(root: object) -> Mapping[Any, Any]:
    """What the file holds by name; nothing if it is no dictionary."""
    if isinstance(root, Call) and root.name not in DICTIONARIES:
        raise UnknownGlobalError(root.name)
    return dictionary(root)


def _stored(record: object, file: TorchFile) -> StoredTensor | None:
    """The tensor that a record stands for, if it does."""
    is_tensor = isinstance(record, Call) and record.name in (REBUILD_PARAMETER, REBUILD_TENSOR)
    return StoredTensor.from_record(record, file) if is_tensor else None


def _read(name: object, record: object, file: TorchFile) -> object:
    """A tensor in float32; anything else as it is."""
    try:
        stored = _stored(record, file)
        return record if stored is None else stored.read()
    except InputError as error:
        raise InputError(f"tensor {str(name)[:100]}: {error}") from None


def _mean(record: object, file: TorchFile) -> Tensor | None:
    """The mean code, ``[w_dim]``, which some files repeat for every layer without storing it again."""
    stored = _stored(record, file)
    if stored is None or 0 in stored.shape:
        return None
    return replace(stored, shape=stored.shape[-1:], stride=stored.stride[-1:]).read()


def _network(root: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The state dict of the generator, which may be the file itself."""
    for state in map(dictionary, (*(root.get(name) for name in NETWORKS), root)):
        if {"input.input", "style.1.weight"} <= state.keys():
            return state
    raise InputError(
        f"a torch.save file without rosinality's StyleGAN2 (g_ema with input.input and style.1.weight); "
        f"it holds {_some(root) or 'no dictionary'}"
    )


def _some(names: Mapping[Any, Any]) -> str:
    shown = [str(name)[:50] for name in names]
    others = f" and {len(shown) - MAX_NAMES} more" if len(shown) > MAX_NAMES else ""
    return " ".join((", ".join(shown[:MAX_NAMES]) + others).split())


def _take(left: dict[Any, Any], name: str, *axes: int) -> Tensor:
    """A tensor with one of these numbers of axes."""
    tensor = left.pop(name, None)
    if not isinstance(tensor, Tensor) or tensor.ndim not in axes or not tensor.numel():
        found = f"has the shape {list(tensor.shape)}" if isinstance(tensor, Tensor) else "is missing"
        raise InputError(f"not the tensors of a StyleGAN2: {name} {found}")
    return tensor


def _mapping(left: dict[Any, Any]) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for layer in count():
        if f"style.{layer + 1}.weight" not in left:
            return tensors
        tensors[f"mapping.fc{layer}.weight"] = _take(left, f"style.{layer + 1}.weight", 2)
        tensors[f"mapping.fc{layer}.bias"] = _take(left, f"style.{layer + 1}.bias", 1)
    return tensors


def _layers(state: Mapping[Any, Any]) -> list[tuple[str, str, int]]:
    """The old name, the new name and the side of every layer."""
    layers = [("conv1", "synthesis.b4.conv1", 4), ("to_rgb1", "synthesis.b4.torgb", 4)]
    for block in range(MAX_BLOCKS):
        if f"to_rgbs.{block}.bias" in state:
            side = 8 * 2**block
            layers += [(f"convs.{2 * block + k}", f"synthesis.b{side}.conv{k}", side) for k in (0, 1)]
            layers.append((f"to_rgbs.{block}", f"synthesis.b{side}.torgb", side))
    return layers


def _styled(left: dict[Any, Any], name: str, side: int) -> dict[str, Tensor]:
    """A convolution with noise, bias and activation."""
    _check_kernel(left, f"{name}.conv.blur.kernel")
    weight = _take(left, f"{name}.conv.weight", 5)[0]
    index = 0 if name == "conv1" else int(name.partition(".")[2]) + 1
    return {
        "weight": weight / math.sqrt(weight[0].numel()),
        "noise_strength": _take(left, f"{name}.noise.weight", 0, 1).squeeze(),
        "noise_const": _noise(left, index, side),
        "bias": _take(left, f"{name}.activate.bias", 1, 4).flatten(),
        "resample_filter": resample_filter(),
        **_affine(left, name),
    }


def _to_rgb(left: dict[Any, Any], name: str, side: int) -> dict[str, Tensor]:  # noqa: ARG001 - as _styled
    _check_kernel(left, f"{name}.upsample.kernel")
    weight, bias = _take(left, f"{name}.conv.weight", 5)[0], _take(left, f"{name}.bias", 4).flatten()
    return {"weight": weight, "bias": bias, **_affine(left, name)}


def _affine(left: dict[Any, Any], name: str) -> dict[str, Tensor]:
    weight, bias = _take(left, f"{name}.conv.modulation.weight", 2), _take(left, f"{name}.conv.modulation.bias", 1)
    return {"affine.weight": weight, "affine.bias": bias}


def _noise(left: dict[Any, Any], index: int, side: int) -> Tensor:
    name = f"noises.noise_{index}"
    if name in left:
        return _take(left, name, 4)[0, 0]
    return ImageRandom([index], "noise_const").normal((side, side))[0]


def _check_kernel(left: dict[Any, Any], name: str) -> None:
    """Of the filters for changes of resolution, with their gain of 4, only one is supported."""
    if name in left:
        kernel = _take(left, name, 2)
        if kernel.shape != (4, 4) or not torch.allclose(kernel.float(), 4 * resample_filter(), atol=1e-5):
            raise InputError(f"tensor {name} is not the filter [1, 3, 3, 1], the only one supported")
