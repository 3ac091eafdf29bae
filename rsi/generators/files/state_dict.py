"""Generators that are kept as state dicts, with the names of any program that is known."""

import functools
from dataclasses import replace
from typing import Any

from torch import Tensor

from rsi.generators.files.inert_pickle import Call, dictionary
from rsi.generators.files.missing_tensors import add_missing
from rsi.generators.files.naming import MMGENERATION, translate
from rsi.generators.files.state_dict_search import FoundStateDict, find_generator
from rsi.generators.files.stored_network import StoredNetwork
from rsi.generators.files.stored_tensor import REBUILD_PARAMETER, REBUILD_TENSOR, StoredTensor, about_tensor
from rsi.generators.files.torch_file import TorchFile
from rsi.generators.stylegan2.architecture import StyleGAN2Architecture

NO_CLAMP = "none: the file does not say; give --conv_clamp 256 for a StyleGAN2-ADA that was trained with 16 bits"
BGR = "bgr, as trainings of MMGeneration draw: give --color_order rgb if red and blue are exchanged"
RGB = "rgb, as nothing of a training is in the file: give --color_order bgr if red and blue are exchanged"
TRAINING = ("optimizer", "message_hub", "param_schedulers")
MEANS = ("latent_avg", "w_avg", "mapping.w_avg")


def read_state_dict(root: object, container: str, file: TorchFile | None = None) -> StoredNetwork:
    """Read the generator of a file of state dicts, by NVIDIA's names; its other networks are not read.

    What a training has noted beside the weights is never looked at, whatever it is. The mean code is not part of the
    network in most programs: where the file has none it is left to be computed.

    Args:
        root: What the file holds.
        container: What kind of file it is.
        file: Where its storages are, unless they are in the records themselves.

    Raises:
        InputError: The file is damaged, could only be used by running it, or holds another network.
    """
    found = find_generator(root)
    whole, assumed = add_missing(_tensors(found, file) | _mean_code(root, found, file))
    bgr = found.naming is MMGENERATION and _is_of_training(root)
    if found.naming is MMGENERATION:
        assumed["color_order"] = BGR if bgr else RGB
    shapes = {name: tuple(tensor.shape) for name, tensor in whole.items()}
    return StoredNetwork(
        format=f"{found.naming.program if found.naming else 'NVIDIA'} state dict ({container})",
        place=found.place,
        architecture=StyleGAN2Architecture.from_shapes(shapes),
        shapes=shapes,
        read=whole.__getitem__,
        bgr=bgr,
        assumed={**assumed, "conv_clamp": NO_CLAMP},
    )


def read_bare_safetensors(file: Any) -> StoredNetwork:  # noqa: ANN401 - safetensors names no type for it
    """Read the state dict of a generator from an open safetensors file that is not of ours.

    Raises:
        InputError: It holds another network.
    """
    shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118 - not a mapping
    read = {name: functools.partial(file.get_tensor, name) for name in shapes}
    return read_state_dict({name: StoredTensor.of(read[name], shape) for name, shape in shapes.items()}, "safetensors")


def _tensors(found: FoundStateDict, file: TorchFile | None) -> dict[str, Tensor]:
    """All tensors but the mean code by NVIDIA's names, in float32."""
    records = {name: record for name, record in found.records.items() if name not in MEANS}
    read = {name: _read(name, record, file) for name, record in records.items()}
    if found.naming:
        return translate(found.naming, read)
    return {name: tensor for name, tensor in read.items() if isinstance(tensor, Tensor)}


def _mean_code(root: object, found: FoundStateDict, file: TorchFile | None) -> dict[str, Tensor]:
    """The mean code, ``[w_dim]``, from the state dict, from beside it or from a list; empty if there is none."""
    records = [(name, state.get(name)) for state in (found.records, dictionary(root)) for name in MEANS]
    listed = root if isinstance(root, list | tuple) else ()
    for name, record in (*records, *((f"element {number}", part) for number, part in enumerate(listed))):
        with about_tensor(name):
            stored = _stored(record, file)
            if stored is not None and stored.shape and 0 not in stored.shape:
                once = replace(stored, shape=stored.shape[-1:], stride=stored.stride[-1:])  # of rows for every layer
                return {"mapping.w_avg": once.read()}
    return {}


def _read(name: str, record: object, file: TorchFile | None) -> object:
    """A tensor in float32; anything else as it is."""
    with about_tensor(name):
        stored = _stored(record, file)
        return record if stored is None else stored.read()


def _stored(record: object, file: TorchFile | None) -> StoredTensor | None:
    """The tensor that a record stands for, if it does."""
    if isinstance(record, StoredTensor):
        return record
    is_tensor = isinstance(record, Call) and record.name in (REBUILD_PARAMETER, REBUILD_TENSOR)
    return StoredTensor.from_record(record, file) if is_tensor else None


def _is_of_training(root: object) -> bool:
    """Whether a training wrote the file; converted official weights have nothing of one."""
    named = dictionary(root)
    return bool({"iter", "epoch"} & dictionary(named.get("meta")).keys()) or any(name in named for name in TRAINING)
