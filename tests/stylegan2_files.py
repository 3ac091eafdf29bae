"""StyleGAN2 generators as other programs store them, from a state dict with NVIDIA's names."""

import math
import pickle
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

State = dict[str, Tensor]
KERNEL = torch.tensor([1.0, 3.0, 3.0, 1.0]).outer(torch.tensor([1.0, 3.0, 3.0, 1.0])) / 16


def layers(state: Mapping[str, Tensor], kind: str) -> Iterator[tuple[int, str]]:
    """Number and name of all convolutions or layers to colours, from small to large."""
    found = [match for name in state if (match := re.fullmatch(rf"(synthesis\.b(\d+)\.{kind})\.weight", name))]
    ordered = sorted(found, key=lambda match: (int(match[2]), match[1]))
    return enumerate(match[1] for match in ordered)


def rosinality(state: Mapping[str, Tensor]) -> State:
    """As rosinality's stylegan2-pytorch."""
    new = {"input.input": state["synthesis.b4.const"][None]}
    for layer in range(mapping_layers(state)):
        new[f"style.{layer + 1}.weight"] = state[f"mapping.fc{layer}.weight"]
        new[f"style.{layer + 1}.bias"] = state[f"mapping.fc{layer}.bias"]
    for number, old in layers(state, r"conv\d"):
        name = f"convs.{number - 1}" if number else "conv1"
        new[f"{name}.conv.weight"] = unscaled(state[f"{old}.weight"])
        new[f"{name}.conv.modulation.weight"] = state[f"{old}.affine.weight"]
        new[f"{name}.conv.modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.noise.weight"] = state[f"{old}.noise_strength"].reshape(1)
        new[f"{name}.activate.bias"] = state[f"{old}.bias"]
        new[f"noises.noise_{number}"] = state[f"{old}.noise_const"][None, None]
        if number % 2:
            new[f"{name}.conv.blur.kernel"] = KERNEL
    for number, old in layers(state, "torgb"):
        name = f"to_rgbs.{number - 1}" if number else "to_rgb1"
        new[f"{name}.conv.weight"] = state[f"{old}.weight"][None]
        new[f"{name}.conv.modulation.weight"] = state[f"{old}.affine.weight"]
        new[f"{name}.conv.modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.bias"] = state[f"{old}.bias"].reshape(1, 3, 1, 1)
        if number:
            new[f"{name}.upsample.kernel"] = KERNEL
    return new


def basicsr(state: Mapping[str, Tensor]) -> State:
    """As BasicSR."""
    new = {"constant_input.weight": state["synthesis.b4.const"][None]}
    for layer in range(mapping_layers(state)):
        new[f"style_mlp.{layer + 1}.weight"] = state[f"mapping.fc{layer}.weight"]
        new[f"style_mlp.{layer + 1}.bias"] = state[f"mapping.fc{layer}.bias"]
    for number, old in layers(state, r"conv\d"):
        name = f"style_convs.{number - 1}" if number else "style_conv1"
        new[f"{name}.modulated_conv.weight"] = unscaled(state[f"{old}.weight"])
        new[f"{name}.modulated_conv.modulation.weight"] = state[f"{old}.affine.weight"]
        new[f"{name}.modulated_conv.modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.weight"] = state[f"{old}.noise_strength"].reshape(1)
        new[f"{name}.activate.bias"] = state[f"{old}.bias"]
        new[f"noises.noise{number}"] = state[f"{old}.noise_const"][None, None]
    for number, old in layers(state, "torgb"):
        name = f"to_rgbs.{number - 1}" if number else "to_rgb1"
        new[f"{name}.modulated_conv.weight"] = state[f"{old}.weight"][None]
        new[f"{name}.modulated_conv.modulation.weight"] = state[f"{old}.affine.weight"]
        new[f"{name}.modulated_conv.modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.bias"] = state[f"{old}.bias"].reshape(1, 3, 1, 1)
    return new


def mmgeneration(state: Mapping[str, Tensor]) -> State:
    """As MMGeneration and MMagic, conditional ones, too."""
    new = {"constant_input.input": state["synthesis.b4.const"][None]}
    conditional = "mapping.embed.weight" in state
    if conditional:
        new["embed.linear.weight_orig"] = state["mapping.embed.weight"]
        new["embed.bias"] = state["mapping.embed.bias"]
    for layer in range(mapping_layers(state)):
        name = f"style_mapping.{layer if conditional else layer + 1}"
        new[f"{name}.linear.weight_orig"] = state[f"mapping.fc{layer}.weight"]
        new[f"{name}.bias"] = state[f"mapping.fc{layer}.bias"]
    for number, old in layers(state, r"conv\d"):
        name = f"convs.{number - 1}" if number else "conv1"
        new[f"{name}.conv.weight_orig"] = unscaled(state[f"{old}.weight"])
        new[f"{name}.conv.style_modulation.linear.weight_orig"] = state[f"{old}.affine.weight"]
        new[f"{name}.conv.style_modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.noise_injector.weight"] = state[f"{old}.noise_strength"].reshape(1)
        new[f"{name}.activate.bias"] = state[f"{old}.bias"]
        new[f"injected_noise_{number}"] = state[f"{old}.noise_const"][None, None]
        if number % 2:
            new[f"{name}.conv.blur.kernel"] = KERNEL
    for number, old in layers(state, "torgb"):
        name = f"to_rgbs.{number - 1}" if number else "to_rgb1"
        new[f"{name}.conv.weight_orig"] = state[f"{old}.weight"][None]
        new[f"{name}.conv.style_modulation.linear.weight_orig"] = state[f"{old}.affine.weight"]
        new[f"{name}.conv.style_modulation.bias"] = state[f"{old}.affine.bias"]
        new[f"{name}.bias"] = state[f"{old}.bias"].reshape(1, 3, 1, 1)
        if number:
            new[f"{name}.upsample.kernel"] = KERNEL
    return new


def nvidia(state: Mapping[str, Tensor]) -> State:
    """As ``G_ema.state_dict()``."""
    return dict(state)


def mapping_layers(state: Mapping[str, Tensor]) -> int:
    """How many layers the mapping network has."""
    return sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in state)


def unscaled(weight: Tensor) -> Tensor:
    """A 3x3 weight before the scale that these programs give it ahead of the demodulation."""
    return weight[None] * math.sqrt(9 * weight.shape[1])


class Network:
    """Pickles as a network of NVIDIA's TensorFlow programs does."""

    def __init__(self, **state: Any) -> None:
        vars(self).update(state)


def tensorflow_parts(state: Mapping[str, Tensor]) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """The variables of the mapping and the synthesis network and of the whole."""
    mapping: dict[str, Tensor] = {}
    synthesis = {"lod": torch.tensor(0.0), "4x4/Const/const": state["synthesis.b4.const"][None]}
    if "mapping.embed.weight" in state:
        mapping["LabelEmbed/weight"] = state["mapping.embed.weight"].t()
        mapping["LabelEmbed/bias"] = state["mapping.embed.bias"]
    for layer in range(mapping_layers(state)):
        mapping[f"Dense{layer}/weight"] = state[f"mapping.fc{layer}.weight"].t()
        mapping[f"Dense{layer}/bias"] = state[f"mapping.fc{layer}.bias"]
    for kind in (r"conv\d", "torgb"):
        for number, old in layers(state, kind):
            side = old.split(".")[1].removeprefix("b")
            new = f"{side}x{side}/{tensorflow_layer(old)}"
            weight = state[f"{old}.weight"]
            synthesis[f"{new}/weight"] = (weight.flip(2, 3) if new.endswith("_up") else weight).permute(2, 3, 1, 0)
            synthesis[f"{new}/bias"] = state[f"{old}.bias"]
            synthesis[f"{new}/mod_weight"] = state[f"{old}.affine.weight"].t()
            synthesis[f"{new}/mod_bias"] = state[f"{old}.affine.bias"] - 1
            if kind != "torgb":
                synthesis[f"{new}/noise_strength"] = state[f"{old}.noise_strength"]
                synthesis[f"noise{number}"] = state[f"{old}.noise_const"][None, None]
    whole = {"lod": torch.tensor(0.0), "dlatent_avg": state["mapping.w_avg"]}
    groups = {"mapping": mapping, "synthesis": synthesis, "Gs": whole}
    return {name: {key: array(tensor) for key, tensor in group.items()} for name, group in groups.items()}


def array(tensor: Tensor) -> Any:
    """As TensorFlow's values are pickled; without axes as a scalar."""
    values = np.ascontiguousarray(tensor.numpy()).reshape(tensor.shape)
    return values if values.ndim else np.float32(values)


def tensorflow_layer(name: str) -> str:
    """The name of a layer within its resolution."""
    if name.endswith("torgb"):
        return "ToRGB"
    if name.endswith("b4.conv1"):
        return "Conv"
    return "Conv0_up" if name.endswith("conv0") else "Conv1"


def tensorflow(
    parts: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any] | None = None, version: int = 4
) -> Network:
    """A network of NVIDIA's TensorFlow programs; its source must never be run."""

    def network(name: str, components: dict[str, Network]) -> Network:
        return Network(
            version=version,
            name=name,
            static_kwargs=dict(settings or {}),
            components=components,
            build_module_src="raise AssertionError('a pickle was executed')",
            build_func_name="G_main",
            variables=[*parts[name].items()],
        )

    return network("Gs", {name: network(name, {}) for name in ("synthesis", "mapping")})


def write_tensorflow(path: Path, gs: Network, others: object = None) -> Path:
    """Write ``(G, D, Gs)``."""
    path.write_bytes(pickle.dumps((others, others, gs), protocol=4))
    return path
