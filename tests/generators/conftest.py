import pickle
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from stylegan2_files import Network
from torch import nn

from rsi.generators import Generator, StyleGAN2Architecture
from rsi.generators.mapping import FullyConnected

TINY = StyleGAN2Architecture(
    z_dim=6, c_dim=0, w_dim=5, img_resolution=16, mapping_layers=2, channel_base=64, channel_max=8
)
NON_PERSISTENT = {"weight_energy", "offset"}
Attributes = Callable[[str, nn.Module], dict[str, Any]]


@pytest.fixture(scope="session")
def make_generator() -> Callable[..., Generator]:
    """Random generators in which every tensor matters: biases, noise strengths and w_avg are not zero."""

    def make(architecture: StyleGAN2Architecture = TINY, seed: int = 0, noise: float = 0.3) -> Generator:
        random = torch.Generator().manual_seed(seed)
        generator = Generator(architecture)
        state = generator.state_dict()
        for name, tensor in state.items():
            if name.endswith("noise_strength"):
                state[name] = torch.tensor(noise)
            elif not name.endswith("resample_filter"):
                shift = 1.0 if name.endswith("affine.bias") else 0.0
                scale = 100.0 if name.startswith("mapping.fc") and name.endswith("weight") else 1.0
                state[name] = scale * torch.randn(tensor.shape, generator=random) * (0.3 if shift else 1) + shift
        generator.load_state_dict(state)
        return generator

    return make


class EasyDict(dict[str, Any]):
    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _reconstruct_persistent_obj(meta: dict[str, Any]) -> object:
    raise AssertionError("a pickle was executed")


class Persistent(nn.Module):
    """Pickles as a module decorated with ``@persistence.persistent_class`` does."""

    def __init__(self, class_name: str, source: str) -> None:
        super().__init__()
        self.recorded = class_name, source

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        class_name, source = state.pop("recorded")
        meta = EasyDict(type="class", version=6, module_src=source, class_name=class_name, state=state)
        return _reconstruct_persistent_obj, (meta,), None


CLASS_NAMES = {
    "Generator": "Generator",
    "Mapping": "MappingNetwork",
    "StyleGAN2Synthesis": "SynthesisNetwork",
    "Block": "SynthesisBlock",
    "StyledConv": "SynthesisLayer",
    "ToRGB": "ToRGBLayer",
    "FullyConnected": "FullyConnectedLayer",
    "StyleGAN3Synthesis": "SynthesisNetwork",
    "FourierInput": "SynthesisInput",
    "StyledLayer": "SynthesisLayer",
    "ToColours": "SynthesisLayer",
}


def persist(module: nn.Module, attributes: Attributes, source: str) -> Persistent:
    """The module as NVIDIA's classes hold it: same tensors, plain attributes that matter to a reader."""
    class_name = CLASS_NAMES[type(module).__name__]
    persistent = Persistent(class_name, source)
    for name, parameter in module.named_parameters(recurse=False):
        persistent.register_parameter(name, parameter)
    for name, buffer in module.named_buffers(recurse=False):
        if name not in NON_PERSISTENT:
            persistent.register_buffer(name, buffer)
    for name, child in module.named_children():
        persistent.add_module(name, persist(child, attributes, source))
    vars(persistent).update(attributes(class_name, module))
    return persistent


def _attributes(architecture: StyleGAN2Architecture, class_name: str, module: nn.Module) -> dict[str, Any]:
    if isinstance(module, FullyConnected):
        mapped = module.bias_gain != 1
        gain = {"weight_gain": np.float64(module.weight_gain), "bias_gain": module.bias_gain}
        return {**gain, "activation": "lrelu" if mapped else "linear"}
    if class_name in ("SynthesisLayer", "ToRGBLayer"):
        activation = {"activation": "lrelu", "act_gain": np.float64(2**0.5)}
        return {
            "conv_clamp": architecture.conv_clamp,
            **(activation if class_name == "SynthesisLayer" else {}),
        }
    if class_name == "SynthesisBlock":
        return {"architecture": "skip", "use_fp16": False, "img_channels": 3}
    if class_name == "Generator":
        mapping = EasyDict(num_layers=architecture.mapping_layers)
        kwargs = EasyDict(z_dim=architecture.z_dim, mapping_kwargs=mapping)
        return {"_init_args": (), "_init_kwargs": kwargs, "img_channels": 3}
    return {}


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's modules, as far as pickling needs them."""
    persistence, util = ModuleType("torch_utils.persistence"), ModuleType("dnnlib.util")
    monkeypatch.setattr(_reconstruct_persistent_obj, "__module__", "torch_utils.persistence")
    monkeypatch.setattr(EasyDict, "__module__", "dnnlib.util")
    vars(persistence)["_reconstruct_persistent_obj"] = _reconstruct_persistent_obj
    vars(util)["EasyDict"] = EasyDict
    for module in (persistence, util, ModuleType("torch_utils"), ModuleType("dnnlib")):
        monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """NVIDIA's TensorFlow modules, as far as pickling needs them."""
    module = ModuleType("dnnlib.tflib.network")
    vars(module)["Network"] = Network
    monkeypatch.setattr(Network, "__module__", module.__name__)
    for name in ("dnnlib", "dnnlib.tflib"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that hostile pickles make when they are executed."""
    return tmp_path / "canary"


@pytest.fixture
def persist_module(nvidia: None, canary: Path) -> Callable[[nn.Module, Attributes], Any]:
    """A module as NVIDIA's class would hold it; its source makes the canary when executed."""
    return lambda module, attributes: persist(module, attributes, f"open({str(canary)!r}, 'w')")


@pytest.fixture
def persistent_generator(nvidia: None, canary: Path) -> Callable[[Generator], Any]:
    """A generator as NVIDIA's network class would hold it; its source makes the canary when executed."""

    def make(generator: Generator) -> Persistent:
        assert isinstance(generator.architecture, StyleGAN2Architecture)
        return persist(generator, partial(_attributes, generator.architecture), f"open({str(canary)!r}, 'w')")

    return make


@pytest.fixture
def write_pickle(tmp_path: Path, nvidia: None) -> Callable[..., Path]:
    """Write NVIDIA's snapshot dictionary with the given ``G_ema``."""

    def write(g_ema: object, protocol: int = 3, **others: object) -> Path:
        snapshot = {"G": None, "D": None, "G_ema": g_ema, "training_set_kwargs": EasyDict(path="x.zip")}
        path = tmp_path / "network.pkl"
        path.write_bytes(pickle.dumps({**snapshot, "augment_pipe": None, **others}, protocol))
        return path

    return write
