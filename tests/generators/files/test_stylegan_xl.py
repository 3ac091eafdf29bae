from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from damage import loads_damaged_or_fails_in_one_line
from literal_stylegan3 import random_generator
from torch import Tensor, nn
from torch.nn import functional as F

from rsi.errors import InputError
from rsi.generators import Generator, load_generator, save_generator, select_class
from rsi.generators.class_label import class_number
from rsi.generators.mapping import FullyConnected
from rsi.generators.stylegan3.architecture import Layer, StyleGAN3Architecture
from rsi.generators.stylegan3.settings import StyleGAN3Settings

WritePickle = Callable[..., Path]
STEM = StyleGAN3Settings(6, 0, 5, 8, channel_base=48, channel_max=6, num_layers=5, margin_size=3, conv_clamp=256)
CLASSES, FEATURES = 4, 7


def staged() -> StyleGAN3Architecture:
    """A stage of 16 px on the stem without its critical layers and colours; the names skip a number."""
    kept = STEM.architecture.layers[:3]
    channels, side = kept[-1].out_channels, kept[-1].out_size
    common: dict[str, Any] = {"kernel": 3, "up_taps": 12, "down_taps": 12, "up": 2, "down": 2, "clamp": 256.0}
    first = Layer(f"L4_{side}_{channels}", channels, channels, side, side, **common)
    second = Layer(f"L5_22_{channels}", channels, channels, side, 22, **{**common, "up": 4, "up_taps": 24})
    last = Layer(f"L6_16_{channels}", channels, channels, 22, 16, **common)
    colours = Layer("L7_16_3", channels, 3, 16, 16, 1, 1, 1, 1, 1, clamp=256.0)
    return replace(STEM.architecture, layers=(*kept, first, second, last, colours))


def random_stage() -> Generator:
    torch.manual_seed(0)
    generator = Generator(staged())
    state = generator.state_dict()
    for name, tensor in state.items():
        if name.endswith("_filter"):
            half = torch.rand(len(tensor) // 2)
            state[name] = torch.cat([half, half.flip(0)]) / (2 * half.sum())
    generator.load_state_dict(state)
    return generator


@pytest.fixture
def persistent(persist_module: Callable[..., Any]) -> Callable[..., Any]:
    """A generator as StyleGAN-XL's classes hold it; without classes it has the features all the same."""

    def make(generator: Generator, classes: int, *, stage: bool) -> Any:
        layers = {layer.name: layer for layer in generator.architecture.layers}  # type: ignore[attr-defined]
        names = {id(module): name for name, module in generator.synthesis.named_children()}
        stem = {"img_resolution": 8, "num_layers": 5, "margin_size": 3, "channel_base": 48, "channel_max": 6}

        def attributes(class_name: str, module: nn.Module) -> dict[str, Any]:
            if isinstance(module, FullyConnected):
                return {"bias_gain": module.bias_gain, "activation": "lrelu" if module.bias_gain != 1 else "linear"}
            if class_name == "Generator":
                return {"_init_kwargs": {"head_layers": 3, "path_stem": "stem.pkl"} if stage else {**stem, "z_dim": 6}}
            if class_name == "SynthesisNetwork":
                return {"layer_names": [*layers], "output_scale": 0.25}
            if class_name == "SynthesisLayer":
                layer = layers[names[id(module)]]
                before, behind = layer.zeros_before, layer.zeros_behind
                return {
                    "in_size": np.array([layer.in_size] * 2),
                    "out_size": np.array([layer.out_size] * 2),
                    "up_factor": layer.up,
                    "down_factor": np.int64(layer.down),
                    "padding": [before, behind, np.int64(before), behind],
                    "conv_clamp": 256,
                }
            return {"sampling_rate": 8, "bandwidth": np.float64(2)} if class_name == "SynthesisInput" else {}

        persisted = persist_module(generator, attributes)
        persisted.recorded = "SuperresGenerator" if stage else "Generator", ""
        mapping = persisted.mapping
        mapping.embed = nn.Embedding(CLASSES, FEATURES)
        if classes:
            mapping.embed_proj = persist_module(FullyConnected(FEATURES, 6), attributes)
            mapping.embed_proj.bias.data.normal_()
            mapping.fc0.weight = nn.Parameter(torch.randn(5, 12) * 100)
            mapping.register_buffer("w_avg", torch.randn(classes, 5))
        return persisted

    return make


def codes(mapping: Any, z: Tensor, label: int) -> Tensor:
    """By the formulas of StyleGAN-XL's mapping network."""

    def unit(x: Tensor) -> Tensor:
        return x / x.square().mean(1, keepdim=True).sqrt()

    features = mapping.embed.weight[label : label + 1]
    embedded = F.leaky_relu(features @ mapping.embed_proj.weight.T / sqrt(FEATURES) + mapping.embed_proj.bias, 0.2)
    x = torch.cat([unit(z), unit(embedded * sqrt(2)).expand(len(z), -1)], 1)
    for layer in (mapping.fc0, mapping.fc1):
        scaled = x @ layer.weight.T * 0.01 / sqrt(x.shape[1]) + 0.01 * layer.bias
        x = F.leaky_relu(scaled, 0.2) * sqrt(2)
    return x


@pytest.mark.parametrize("stage", [True, False])
@torch.no_grad()
def test_a_class_of_a_stem_and_of_a_stage(
    persistent: Callable[..., Any], write_pickle: WritePickle, tmp_path: Path, stage: bool
) -> None:
    source = random_stage() if stage else random_generator(STEM)
    persisted = persistent(source, CLASSES, stage=stage)
    loaded = load_generator(write_pickle(persisted, 4))
    assert loaded.architecture.kind == "StyleGAN-XL-T"
    assert (loaded.resolution, loaded.num_ws) == (((16, 16), 8) if stage else ((8, 8), 7))
    save_generator(loaded, tmp_path / "xl.safetensors")
    for generator in (loaded, load_generator(tmp_path / "xl.safetensors")):
        of_class = select_class(generator, 2)
        z = torch.randn(2, 6)
        w = codes(persisted.mapping, z, 2)
        torch.testing.assert_close(of_class.mapping(z), w, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(of_class(z), source.synthesis(w), atol=1e-4, rtol=0)
        assert torch.equal(of_class.w_avg, persisted.mapping.w_avg[2])
        torch.testing.assert_close(generator.w_avg, persisted.mapping.w_avg.mean(0))


@torch.no_grad()
def test_without_classes_the_features_are_left_out(persistent: Callable[..., Any], write_pickle: WritePickle) -> None:
    source = random_stage()
    loaded = load_generator(write_pickle(persistent(source, 0, stage=True)))
    z = torch.randn(2, 6)
    assert loaded.architecture == source.architecture
    assert torch.equal(loaded(z), source(z))


def test_a_discriminator_of_any_kind_is_left_unread(persistent: Callable[..., Any], write_pickle: WritePickle) -> None:
    foreign = {"feature_networks": nn.ModuleDict({"deit": nn.Linear(2, 2)}), "forward": partial(print, nn.Conv2d)}
    source = random_stage()
    assert load_generator(write_pickle(persistent(source, 0, stage=True), 4, D=foreign)).num_ws == 8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: setattr(g.synthesis.L5_22_6, "padding", [1, 2, 1, 2]), r"padding of L5_22_6 is \[1, 2, 1, 2\]"),
        (lambda g: setattr(g.synthesis.L5_22_6, "in_size", np.array([14, 15])), r"in_size of L5_22_6: \[14, 15\] are"),
        (lambda g: setattr(g.synthesis.L5_22_6, "up_factor", "2"), "up_factor of L5_22_6: '2' is no number"),
        (lambda g: setattr(g.synthesis.L5_22_6, "up_factor", 2.5), "up_factor of L5_22_6: 2.5 is no whole number"),
        (lambda g: setattr(g.synthesis.L5_22_6, "up_factor", float("inf")), "up_factor of L5_22_6: inf is no whole"),
        (lambda g: g.synthesis.layer_names.append("L9"), "layer_names of G_ema.synthesis does not list its layers"),
        (lambda g: setattr(g.mapping.embed_proj, "bias", nn.Parameter(torch.ones(2))), "embedding of class labels has"),
        (lambda g: g.synthesis.L5_22_6.register_buffer("up_filter", torch.ones([])), "L5_22_6: sides of 14 and 22 do"),
        (lambda g: g.synthesis.layer_names.reverse(), "does not read what"),
        (
            lambda g: setattr(g.mapping, "embed", nn.Embedding(4, 3)),
            "embedding of class labels has tensors of the shapes",
        ),
    ],
)
def test_other_networks(
    persistent: Callable[..., Any], write_pickle: WritePickle, change: Callable[[Any], object], message: str
) -> None:
    persisted = persistent(random_stage(), CLASSES, stage=True)
    change(persisted)
    with pytest.raises(InputError, match=message):
        load_generator(write_pickle(persisted))


def test_classes_by_name() -> None:
    assert (class_number("goldfish", 1000), class_number("7", 3), class_number(-1, 3)) == (1, 7, -1)
    with pytest.raises(InputError, match=r"there is no class 'dragon': give one of ImageNet's names .* from 0 to 999"):
        class_number("dragon", 1000)
    for name in ("goldfish", "--5", "7" * 5000):
        with pytest.raises(InputError, match=f"there is no class '{name[:50]}.*: give a number from 0 to 2"):
            class_number(name, 3)


@pytest.mark.filterwarnings("ignore:invalid escape sequence", "ignore:Detected pickle protocol")
def test_damaged_files_load_or_fail_in_one_line(
    persistent: Callable[..., Any], write_pickle: WritePickle, canary: Path
) -> None:
    loads_damaged_or_fails_in_one_line(write_pickle(persistent(random_stage(), CLASSES, stage=True)), first=2, last=-10)
    assert not canary.exists()
