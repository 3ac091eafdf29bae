import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from damage import loads_damaged_or_fails_in_one_line
from literal_stylegan3 import random_generator
from safetensors.torch import save_file
from torch import nn

from rsi.errors import InputError
from rsi.generators import Generator, load_generator, save_generator
from rsi.generators.mapping import FullyConnected
from rsi.generators.stylegan3.settings import StyleGAN3Settings

WritePickle = Callable[..., Path]
T = StyleGAN3Settings(6, 0, 5, 16, channel_base=64, channel_max=6, num_layers=5, margin_size=3, conv_clamp=256)
R = replace(T, conv_kernel=1, use_radial_filters=True, channel_base=128, channel_max=8, conv_clamp=None)
FROM_SHAPES = ("c_dim", "mapping_layers")
DEFAULTS = asdict(StyleGAN3Settings(1, 0, 1, 8))


@pytest.fixture
def persistent(persist_module: Callable[..., Any]) -> Callable[[StyleGAN3Settings, Generator], Any]:
    """A generator as NVIDIA's classes hold it: settings that are defaults left out, None for filters that are none."""

    def make(schedule: StyleGAN3Settings, generator: Generator) -> Any:
        given = {k: v for k, v in asdict(schedule).items() if k not in FROM_SHAPES and DEFAULTS[k] != v}
        mapping = {"num_layers": schedule.mapping_layers}
        kwargs = {**given, "z_dim": schedule.z_dim, "mapping_kwargs": mapping, "magnitude_ema_beta": 0.99}

        def attributes(class_name: str, module: nn.Module) -> dict[str, Any]:
            if isinstance(module, FullyConnected):
                gain = {"weight_gain": np.float64(module.weight_gain), "bias_gain": module.bias_gain}
                return {**gain, "activation": "lrelu" if module.bias_gain != 1 else "linear"}
            if class_name == "Generator":
                return {"_init_args": (), "_init_kwargs": kwargs, "img_channels": 3}
            if class_name == "SynthesisNetwork":
                return {"layer_names": [layer.name for layer in schedule.architecture.layers], "num_ws": np.int64(7)}
            if class_name == "SynthesisLayer":
                return {"in_size": np.array([3, 4]), "is_torgb": np.bool_(False), "in_cutoff": np.float64(2)}
            return {"size": np.array([3, 4])} if class_name == "SynthesisInput" else {}

        persisted = persist_module(generator, attributes)
        colours = persisted.synthesis._modules[schedule.architecture.layers[-1].name]
        colours.register_buffer("up_filter", None)
        colours.register_buffer("down_filter", None)
        return persisted

    return make


@pytest.mark.parametrize("schedule", [T, R, replace(T, c_dim=3, mapping_layers=3), replace(R, num_critical=0)])
@pytest.mark.parametrize("protocol", [3, 5])
def test_a_checkpoint_renders_the_same_bits_and_runs_nothing(
    persistent: Callable[..., Any], write_pickle: WritePickle, canary: Path, schedule: StyleGAN3Settings, protocol: int
) -> None:
    source = random_generator(schedule)
    loaded = load_generator(write_pickle(persistent(schedule, source), protocol))
    z, c = torch.randn(2, schedule.z_dim), torch.eye(4)[:2, : schedule.c_dim]
    assert torch.equal(loaded(z, c), source(z, c))
    assert torch.equal(loaded.w_avg, source.w_avg)
    assert loaded.architecture == source.architecture
    assert not canary.exists()


@pytest.mark.parametrize("schedule", [T, R])
def test_its_safetensors_render_the_same_bits(tmp_path: Path, schedule: StyleGAN3Settings) -> None:
    source = random_generator(schedule)
    save_generator(source, tmp_path / "generator.safetensors")
    loaded = load_generator(tmp_path / "generator.safetensors")
    assert loaded.architecture == source.architecture
    assert torch.equal(loaded(torch.ones(1, 6)), source(torch.ones(1, 6)))


def test_a_module_that_was_saved_by_torch(persistent: Callable[..., Any], tmp_path: Path) -> None:
    source = random_generator(T)
    for root, place in ((persistent(T, source), ""), ({"G_ema": persistent(T, source)}, "G_ema")):
        torch.save(root, tmp_path / "network.pt")
        loaded = load_generator(tmp_path / "network.pt")
        assert torch.equal(loaded(torch.ones(1, 6)), source(torch.ones(1, 6)))
        assert loaded.architecture == source.architecture
        assert (loaded.info.format, loaded.info.place) == ("NVIDIA module (torch.save)", place)


def test_what_is_said_holds_for_every_layer(
    persistent: Callable[..., Any], write_pickle: WritePickle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounded = replace(T, conv_clamp=0.5)
    source, z = random_generator(bounded), torch.randn(2, 6)
    path = write_pickle(persistent(T, random_generator(T)))
    monkeypatch.setenv("RSI_CONV_CLAMP", "0.5")
    monkeypatch.setenv("RSI_COLOR_ORDER", "bgr")
    loaded = load_generator(path)
    assert loaded.architecture == source.architecture
    assert torch.equal(loaded(z), source(z).flip(1))
    save_generator(loaded, path.with_suffix(".safetensors"))
    monkeypatch.setenv("RSI_CONV_CLAMP", "")
    monkeypatch.setenv("RSI_COLOR_ORDER", "")
    assert torch.equal(load_generator(path.with_suffix(".safetensors"))(z), loaded(z))


def test_a_state_dict_alone_lacks_sizes(tmp_path: Path) -> None:
    tensors = {name: tensor.contiguous() for name, tensor in random_generator(T).state_dict().items()}
    save_file(tensors, tmp_path / "x.safetensors")
    torch.save({"g_ema": tensors}, tmp_path / "x.pt")
    for name in ("x.safetensors", "x.pt"):
        with pytest.raises(
            InputError, match=f"{name}: the state dict of a StyleGAN3 or StyleGAN-XL, which lacks sizes that the .pkl"
        ):
            load_generator(tmp_path / name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g._init_kwargs.update(img_resolution="16"), "the setting img_resolution of G_ema is '16'"),
        (lambda g: g._init_kwargs.update(use_radial_filters=2), "the setting use_radial_filters of G_ema is 2"),
        (lambda g: g._init_kwargs.pop("img_resolution"), "have no img_resolution"),
        (lambda g: g._init_kwargs.update(img_channels=1), "makes images of 1 channels: only RGB"),
        (lambda g: g._init_kwargs.update(channel_max=7), "the layers of G_ema are not those that its settings give"),
        (lambda g: g._init_kwargs.update(num_layers=10**9), "num_layers 1000000000 is not between 2 and 100"),
        (lambda g: g._init_kwargs.update(first_cutoff=0), "cutoff 0 and stopband"),
        (lambda g: g._init_kwargs.update(first_stopband=float("inf")), "cutoff 2.0 and stopband inf do not fit"),
        (lambda g: g._init_kwargs.update(last_stopband_rel=1), "last_stopband_rel 1 is not a number above 1"),
        (lambda g: g._init_kwargs.update(num_layers=10**400), "a whole number of 1329 bits, which no generator needs"),
        (lambda g: g._init_kwargs.update(output_scale=float("nan")), "output_scale nan is not a positive number"),
        (lambda g: g._init_kwargs.update(filter_size=5), r"up_filter has the shape \[12\] instead of \[10\]"),
        (lambda g: setattr(g.mapping.fc0, "activation", "relu"), "activation of mapping.fc0 is 'relu'"),
        (lambda g: g.synthesis.L0_22_6.up_filter.mul_(torch.arange(12.0)), "up_filter is no filter that is its own"),
        (lambda g: g.synthesis.input.freqs.fill_(torch.nan), "freqs does not hold finite"),
        (lambda g: g.synthesis.input.__delattr__("phases"), "a StyleGAN3-T generator: synthesis.input.phases missing"),
    ],
)
def test_other_networks(
    persistent: Callable[..., Any], write_pickle: WritePickle, change: Callable[[Any], object], message: str
) -> None:
    changed = persistent(T, random_generator(T))
    change(changed)
    with pytest.raises(InputError, match=f"network.pkl: .*{message}") as caught:
        load_generator(write_pickle(changed))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": "[]"}, "the number of layers 0 is not between 1 and 100"),
        ({"layers": "{}["}, "metadata layers do not list the layers of a StyleGAN3"),
        ({"layers": '[{"name": 3}]'}, "metadata layers do not list"),
        ({"layers": "[" * 10**5}, "metadata layers do not list"),
        (
            {"layers": json.dumps([asdict(T.architecture.layers[0]) | {"name": "input"}])},
            "'input' is no name of a StyleGAN3",
        ),
        ({"z_dim": "x"}, "metadata z_dim is 'x', not a number"),
        (
            {"layers": json.dumps([asdict(T.architecture.layers[0]) | {"clamp": 10**400}])},
            "metadata layers do not list",
        ),
        ({"output_scale": "inf"}, "output_scale inf is not a positive number"),
        ({"input_rate": "nan"}, "the input's cutoff 2.0 does not fit its rate nan"),
        ({"architecture": "stylegan4"}, "'stylegan4'; only stylegan2-ada and stylegan3 are supported"),
    ],
)
def test_impossible_metadata(tmp_path: Path, change: dict[str, str], message: str) -> None:
    source = random_generator(T)
    tensors = {name: tensor.contiguous() for name, tensor in source.state_dict().items()}
    save_file(tensors, tmp_path / "x.safetensors", {**source.architecture.to_metadata(), **change})
    with pytest.raises(InputError, match=message):
        load_generator(tmp_path / "x.safetensors")


@pytest.mark.filterwarnings("ignore:invalid escape sequence", "ignore:Detected pickle protocol")
def test_damaged_files_load_or_fail_in_one_line(
    persistent: Callable[..., Any], write_pickle: WritePickle, canary: Path
) -> None:
    loads_damaged_or_fails_in_one_line(write_pickle(persistent(T, random_generator(T))), first=2, last=-10)
    assert not canary.exists()
