"""NVIDIA's TensorFlow checkpoints of StyleGAN2 and StyleGAN2-ADA, read without TensorFlow and without running them."""

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import Call, check_names, dictionary, shown
from rsi.generators.files.missing_tensors import add_missing
from rsi.generators.files.stored_network import StoredNetwork
from rsi.generators.files.stored_numbers import NUMPY_NAMES, read_array
from rsi.generators.stylegan2.architecture import StyleGAN2Architecture

NETWORK = "dnnlib.tflib.network.Network"
ALLOWED = {NETWORK, "collections.OrderedDict", "dnnlib.util.EasyDict", *NUMPY_NAMES}
DEFAULTS: Mapping[str, object] = {  # what the networks of this package implement, and what a file need not say
    "architecture": "skip",
    "nonlinearity": "lrelu",
    "mapping_lrmul": 0.01,
    "mapping_nonlinearity": "lrelu",
    "normalize_latents": True,
    "resample_kernel": [1, 3, 3, 1],
}
UNSUPPORTED = (  # the pattern of a variable, and what the network is
    (r".*StyleMod/.*", "a StyleGAN1: only StyleGAN2 modulates its filters"),
    (r".*/Skip/weight", "a StyleGAN2 of architecture resnet: only skip is supported"),
    (r"ToRGB_lod\d+/.*", "a StyleGAN2 that was grown (configurations B to D): only skip is supported"),
    (
        r"LabelConcat/weight",
        "a conditional StyleGAN2 that joins the label to z before it is normalised (LabelConcat): only StyleGAN2-ADA's "
        "way is supported",
    ),
)
OLDEST = 4  # version of the records of StyleGAN2
FORKED = ("min_h", "min_w", "res_log2")


def is_tensorflow(root: object) -> bool:
    """Whether a pickle holds networks of NVIDIA's TensorFlow programs."""
    parts = root if isinstance(root, list | tuple) else [root]
    return any(isinstance(part, Call) and part.name == NETWORK for part in parts)


def read_tensorflow(root: Any) -> StoredNetwork:  # noqa: ANN401 - what a pickle holds
    """Read ``Gs``, the averaged one of the three networks, by NVIDIA's PyTorch names.

    Args:
        root: What the pickle holds, of which :func:`is_tensorflow` is true.

    Raises:
        InputError: The file is damaged, names anything that no checkpoint needs, or holds another network.
    """
    if not isinstance(root, list | tuple) or len(root) != 3:
        raise InputError("a TensorFlow pickle without the three networks G, D and Gs: give the file of a training")
    check_names(root[2], ALLOWED)
    network = _state(root[2], "Gs")
    mean = _variables(network).get("dlatent_avg")
    parts = {name: _state(part, name) for name, part in dictionary(network.get("components")).items()}
    variables = {name: _variables(state) for name, state in parts.items()}
    settings = _settings(network, *parts.values())
    _check_supported(network, settings, [*variables.get("synthesis", {}), *variables.get("mapping", {})])
    tensors = _mapping(_Reader(variables.get("mapping", {}))) | _synthesis(_Reader(variables.get("synthesis", {})))
    if mean is not None:
        tensors["mapping.w_avg"] = _tensor("dlatent_avg", mean)
    whole, assumed = add_missing(tensors)
    shapes = {name: tuple(tensor.shape) for name, tensor in whole.items()}
    return StoredNetwork(
        format="TensorFlow pickle",
        place="Gs",
        architecture=StyleGAN2Architecture.from_shapes(shapes, settings.get("conv_clamp")),
        shapes=shapes,
        read=whole.__getitem__,
        assumed=assumed,
    )


def _state(record: object, name: str) -> Mapping[Any, Any]:
    state = dictionary(record.state) if isinstance(record, Call) and record.name == NETWORK else {}
    if not state:
        raise InputError(f"{str(name)[:50]} is not stored as a network of NVIDIA's TensorFlow programs")
    return state


def _variables(state: Mapping[Any, Any]) -> dict[str, object]:
    """Arrays by name, not read."""
    pairs = state.get("variables")
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
        raise InputError("the variables of a network are damaged")
    return {str(name): array for name, array in pairs}


def _settings(*states: Mapping[Any, Any]) -> dict[Any, Any]:
    """What the networks were made with; what the whole was made with goes before its parts."""
    return {name: value for state in reversed(states) for name, value in dictionary(state.get("static_kwargs")).items()}


def _check_supported(network: Mapping[Any, Any], settings: Mapping[Any, Any], names: list[str]) -> None:
    for pattern, kind in UNSUPPORTED:
        if any(re.fullmatch(pattern, name) for name in names):
            raise InputError(kind)
    version = network.get("version")
    if isinstance(version, int) and version < OLDEST:
        raise InputError(f"a StyleGAN1 or older (records of version {version}): only StyleGAN2 is supported")
    for name, expected in DEFAULTS.items():
        value = settings.get(name, expected)
        value = list(value) if isinstance(value, tuple) else value
        if value != expected:
            raise InputError(f"a StyleGAN2 with {name} {shown(value)}: only {expected} is supported")
    for name in FORKED:
        if name in settings:
            raise InputError(
                f"a StyleGAN2 of a fork for pictures that are not square ({name}): only squares are supported"
            )


class _Reader:
    """Takes variables of a network one by one, which shows what is left over."""

    def __init__(self, variables: Mapping[str, object]) -> None:
        self.left = dict(variables)

    def take(self, name: str, axes: int) -> Tensor:
        """A variable in float32."""
        if name not in self.left:
            raise InputError(f"not the variables of a StyleGAN2: {name[:100]} is missing")
        tensor = _tensor(name, self.left.pop(name))
        if tensor.ndim != axes:
            raise InputError(f"not the variables of a StyleGAN2: {name[:100]} has the shape {list(tensor.shape)}")
        return tensor

    def check_empty(self) -> None:
        """Make sure that nothing is left."""
        if self.left:
            raise InputError(f"not the variables of a StyleGAN2: {', '.join(self.left)[:100]} unexpected")


def _mapping(reader: _Reader) -> dict[str, Tensor]:
    names = {"LabelEmbed": "embed"} if "LabelEmbed/weight" in reader.left else {}
    layers = sum(re.fullmatch(r"Dense\d+/weight", name) is not None for name in reader.left)
    names |= {f"Dense{layer}": f"fc{layer}" for layer in range(layers)}
    tensors: dict[str, Tensor] = {}
    for old, new in names.items():
        tensors[f"mapping.{new}.weight"] = reader.take(f"{old}/weight", 2).t()
        tensors[f"mapping.{new}.bias"] = reader.take(f"{old}/bias", 1)
    reader.check_empty()
    return tensors


def _synthesis(reader: _Reader) -> dict[str, Tensor]:
    sides = [int(match[1]) for name in reader.left if (match := re.fullmatch(r"(\d{1,4})x\1/ToRGB/weight", name))]
    reader.left.pop("lod", None)
    tensors = {"synthesis.b4.const": reader.take("4x4/Const/const", 4)[0]}
    number = 0
    for side in sorted(sides):
        layers = {"Conv": "conv1"} if side == 4 else {"Conv0_up": "conv0", "Conv1": "conv1"}
        for old, new in layers.items():
            name, target = f"{side}x{side}/{old}", f"synthesis.b{side}.{new}"
            tensors |= {f"{target}.{key}": tensor for key, tensor in _styled(reader, name, number).items()}
            number += 1
        colours = _convolution(reader, f"{side}x{side}/ToRGB")
        tensors |= {f"synthesis.b{side}.torgb.{key}": tensor for key, tensor in colours.items()}
    reader.check_empty()
    return tensors


def _styled(reader: _Reader, name: str, number: int) -> dict[str, Tensor]:
    tensors = _convolution(reader, name)
    if name.endswith("_up"):  # convolved transposed there, and with the weight as it is here
        tensors["weight"] = tensors["weight"].flip(2, 3)
    tensors["noise_strength"] = reader.take(f"{name}/noise_strength", 0)
    noise = f"noise{number}"
    return tensors | ({"noise_const": reader.take(noise, 4)[0, 0]} if noise in reader.left else {})


def _convolution(reader: _Reader, name: str) -> dict[str, Tensor]:
    return {
        "weight": reader.take(f"{name}/weight", 4).permute(3, 2, 0, 1),
        "bias": reader.take(f"{name}/bias", 1),
        "affine.weight": reader.take(f"{name}/mod_weight", 2).t(),
        "affine.bias": reader.take(f"{name}/mod_bias", 1) + 1,
    }


def _tensor(name: str, record: object) -> Tensor:
    try:
        return torch.from_numpy(read_array(record)).float()
    except InputError as error:
        raise InputError(f"variable {name[:100]}: {error}") from None
