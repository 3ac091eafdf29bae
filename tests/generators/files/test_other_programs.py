"""Files of other programs, made from a random network, draw that network's images."""

import math
import pickle
import sys
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from damage import loads_damaged_or_fails_in_one_line
from safetensors.torch import save_file
from stylegan2_files import (
    Network,
    basicsr,
    mmgeneration,
    nvidia,
    rosinality,
    tensorflow,
    tensorflow_parts,
    write_tensorflow,
)
from torch import Tensor

from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, mean_code, save_generator

MakeGenerator = Callable[..., Generator]
Write = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
SIZES = StyleGAN2Architecture(
    z_dim=5, c_dim=0, w_dim=5, img_resolution=32, mapping_layers=3, channel_base=128, channel_max=8
)
PROGRAMS = {"NVIDIA": nvidia, "rosinality": rosinality, "BasicSR": basicsr, "MMGeneration": mmgeneration}


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RSI_COLOR_ORDER", "RSI_CONV_CLAMP"):
        monkeypatch.setenv(name, "")


@pytest.fixture(scope="module")
def source(make_generator: MakeGenerator) -> Generator:
    return make_generator(SIZES)


@pytest.fixture(scope="module")
def other(make_generator: MakeGenerator) -> Generator:
    """Another network of the same sizes."""
    return make_generator(SIZES, seed=1)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(root: object, name: str = "network.pth") -> Path:
        torch.save(root, tmp_path / name)
        return tmp_path / name

    return save


def draws_the_same(loaded: Generator, source: Generator, labels: Tensor | None = None) -> bool:
    """Whether codes in W, W+ and one for every filter, and z, become the same images to 1e-5 of their size."""
    random = torch.Generator().manual_seed(1)
    z = torch.randn(2, source.architecture.z_dim, generator=random)
    pairs = [(loaded(z, labels), source(z, labels))]
    for rows in ((), (source.num_ws,), (sum(source.filters),)):
        codes = torch.randn(2, *rows, source.w_dim, generator=random)
        pairs.append((loaded.synthesis(codes), source.synthesis(codes)))
    return all(float((found - wanted).abs().max() / wanted.abs().max()) < 1e-5 for found, wanted in pairs)


def has_weights_of(loaded: Generator, source: Generator) -> bool:
    """Whether all tensors but the mean code are the source's, up to rounding."""
    found = loaded.state_dict()
    weights = [name for name in found if name != "mapping.w_avg"]
    return all(torch.allclose(found[name], source.state_dict()[name], rtol=1e-5) for name in weights)


def rounded(source: Generator, write: Write) -> Generator:
    """The generator whose file, in float16, is the source's: 3x3 weights are kept 3 sqrt(inputs) times as large."""
    state = source.state_dict()
    for name, tensor in state.items():
        factor = 1.0
        if tensor.ndim == 4 and tensor.shape[-1] == 3 and write is not nvidia:
            factor = math.sqrt(9 * tensor.shape[1])
        state[name] = (tensor * factor).half().float() / factor
    generator = Generator(source.architecture)
    generator.load_state_dict(state)
    return generator


def half(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.half() for name, tensor in state.items()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_state_dict_draws_the_same(source: Generator, save: Callable[..., Path], program: str) -> None:
    state = PROGRAMS[program](source.state_dict())
    loaded = load_generator(save({"g_ema": state, "latent_avg": source.w_avg}))
    assert draws_the_same(loaded, source)
    assert torch.equal(loaded.w_avg, source.w_avg)
    assert (loaded.info.format, loaded.info.place) == (f"{program} state dict (torch.save)", "g_ema")


@pytest.mark.parametrize("program", PROGRAMS)
def test_float16_becomes_float32_before_it_is_scaled(
    source: Generator, save: Callable[..., Path], program: str
) -> None:
    write = PROGRAMS[program]
    loaded = load_generator(save({"g_ema": half(write(source.state_dict())), "latent_avg": source.w_avg.half()}))
    assert draws_the_same(loaded, rounded(source, write))


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("convert", [dict, half])
def test_bare_safetensors(source: Generator, tmp_path: Path, program: str, convert: Callable[..., Any]) -> None:
    path, write = tmp_path / "x.safetensors", PROGRAMS[program]
    save_file(
        {
            name: tensor.clone(memory_format=torch.contiguous_format)
            for name, tensor in convert(write(source.state_dict())).items()
        },
        path,
    )
    loaded = load_generator(path)
    assert draws_the_same(loaded, rounded(source, write) if convert is half else source)
    assert loaded.info.format == f"{program} state dict (safetensors)"


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda good, bad: {"g": bad, "g_ema": good, "d": bad}, "g_ema"),
        (lambda good, bad: {"params": bad, "params_ema": good}, "params_ema"),
        (lambda good, _: {"params": good}, "params"),
        (lambda good, bad: {"G": bad, "G_ema": good}, "G_ema"),
        (lambda good, _: good, ""),
        (lambda good, _: under("module.", good), "module.*"),
        (lambda good, _: {"g_ema": under("module.", good)}, "g_ema, module.*"),
        (lambda good, _: [good, torch.ones(5)], "element 0"),
        (lambda good, _: OrderedDict(state_dict=under("generator.", good)), "state_dict, generator.*"),
        (
            lambda good, bad: {"state_dict": {**under("generator.", bad), **under("generator_ema.", good)}},
            "state_dict, generator_ema.*",
        ),
        (
            lambda good, bad: {"state_dict": {**under("generator_ema.module.", good), **under("generator.", bad)}},
            "state_dict, generator_ema.module.*",
        ),
        (
            lambda good, _: {"state_dict": {"encoder.x": torch.ones(1), **under("decoder.", good)}, "opts": {"a": 1}},
            "state_dict, decoder.*",
        ),
        (
            lambda good, _: {"state_dict": under("module.decoder.", good), "global_step": 3},
            "state_dict, module.decoder.*",
        ),
    ],
)
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_averaged_generator_is_found_wherever_it_is(
    source: Generator,
    other: Generator,
    save: Callable[..., Path],
    program: str,
    make: Callable[[Any, Any], object],
    place: str,
) -> None:
    loaded = load_generator(save(make(*(PROGRAMS[program](network.state_dict()) for network in (source, other)))))
    assert has_weights_of(loaded, source)
    assert not has_weights_of(loaded, other)
    assert loaded.info.place == place


def under(prefix: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize("start", [(4, 2), (5, 3)])
@pytest.mark.parametrize("program", PROGRAMS)
def test_what_is_not_square(
    make_generator: MakeGenerator, save: Callable[..., Path], program: str, start: tuple[int, int]
) -> None:
    height, width = start
    source = make_generator(replace(SIZES, start_height=height, start_width=width))
    loaded = load_generator(save({"g_ema": PROGRAMS[program](source.state_dict()), "latent_avg": source.w_avg}))
    assert loaded.resolution == (8 * height, 8 * width)
    assert loaded.synthesis(source.w_avg[None]).shape == (1, 3, *loaded.resolution)
    assert draws_the_same(loaded, source)


def test_an_nvidia_pickle_that_is_not_square(
    make_generator: MakeGenerator,
    persistent_generator: Callable[[Generator], Any],
    write_pickle: Callable[..., Path],
    tmp_path: Path,
) -> None:
    source = make_generator(replace(SIZES, start_width=2))
    loaded = load_generator(write_pickle(persistent_generator(source)))
    assert draws_the_same(loaded, source)
    save_generator(loaded, tmp_path / "copy.safetensors")
    assert draws_the_same(load_generator(tmp_path / "copy.safetensors"), source)


@pytest.mark.parametrize("rows", [1, 8])
def test_mean_codes_in_rows(source: Generator, save: Callable[..., Path], rows: int) -> None:
    state = under("decoder.", rosinality(source.state_dict()))
    for mean in (source.w_avg.expand(rows, 5), source.w_avg.repeat(rows, 1)):
        assert torch.equal(load_generator(save({"state_dict": state, "latent_avg": mean})).w_avg, source.w_avg)
    listed = load_generator(save([rosinality(source.state_dict()), source.w_avg]))
    assert torch.equal(listed.w_avg, source.w_avg)


def test_a_mapping_of_two_layers(make_generator: MakeGenerator, save: Callable[..., Path]) -> None:
    source = make_generator(replace(SIZES, mapping_layers=2))
    assert draws_the_same(load_generator(save({"g_ema": rosinality(source.state_dict())})), source)


def test_what_was_assumed_is_said(source: Generator, save: Callable[..., Path]) -> None:
    state = basicsr(source.state_dict())
    state["noises.noise2"] = torch.ones(1, 1, 64, 64)
    del state["noises.noise3"]
    loaded = load_generator(save({"params_ema": state}))
    assert loaded.info.assumed == (
        "noise not in the file or of other sizes in 2 layers: drawn, always the same",
        "w_avg not in the file: computed from random codes",
        "conv_clamp none: the file does not say; give --conv_clamp 256 for a StyleGAN2-ADA that was trained with 16 "
        "bits",
    )
    assert torch.equal(loaded.w_avg, mean_code(loaded))
    again = load_generator(save({"params_ema": state}))
    name = "synthesis.b8.conv1.noise_const"
    assert torch.equal(again.state_dict()[name], loaded.state_dict()[name])


def test_a_bound_that_was_lost_can_be_said(
    make_generator: MakeGenerator, save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_generator(replace(SIZES, conv_clamp=0.5))
    path = save(source.state_dict())
    assert not draws_the_same(load_generator(path), source)
    monkeypatch.setenv("RSI_CONV_CLAMP", "0.5")
    loaded = load_generator(path)
    assert draws_the_same(loaded, source)
    assert (loaded.info.assumed, loaded.info.said) == ((), "conv_clamp 0.5")
    assert loaded.info.identity == f"{loaded.info.sha256} conv_clamp 0.5"
    monkeypatch.setenv("RSI_CONV_CLAMP", "none")
    assert load_generator(path).architecture == SIZES
    monkeypatch.setenv("RSI_CONV_CLAMP", "-1")
    with pytest.raises(InputError, match="conv_clamp -1 is neither a positive number such as 256 nor none"):
        load_generator(path)
    monkeypatch.setenv("RSI_CONV_CLAMP", "")
    monkeypatch.setenv("RSI_COLOR_ORDER", "gbr")
    with pytest.raises(InputError, match="color_order gbr is neither rgb nor bgr"):
        load_generator(path)


class HistoryBuffer:
    """As in the message_hub of a file that MMEngine wrote."""

    def __init__(self) -> None:
        self._log_history, self._statistics = np.arange(3.0), {"mean": np.mean}


@pytest.fixture
def mmengine(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("mmengine.logging.history_buffer")
    vars(module)["HistoryBuffer"] = HistoryBuffer
    monkeypatch.setattr(HistoryBuffer, "__module__", module.__name__)
    for name in ("mmengine", "mmengine.logging"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)


def mirrored(source: Generator) -> Generator:
    """The generator that draws blue where the source draws red."""
    state = source.state_dict()
    for name in state:
        if name.endswith((".torgb.weight", ".torgb.bias")):
            state[name] = state[name].flip(0)
    generator = Generator(source.architecture)
    generator.load_state_dict(state)
    return generator


@pytest.mark.parametrize("trained", [False, True])
def test_the_order_of_colours_of_mmgeneration(
    source: Generator, save: Callable[..., Path], mmengine: None, monkeypatch: pytest.MonkeyPatch, trained: bool
) -> None:
    hub = {"log_scalars": OrderedDict({"train/loss": HistoryBuffer()})}
    steps = {"generator_ema.steps": torch.tensor(7)}
    state = {**under("generator_ema.module.", mmgeneration(source.state_dict())), **steps}
    root = {"meta": {"mmagic_version": "1.0", **({"iter": 7} if trained else {})}, "state_dict": state}
    path = save({**root, "message_hub": hub} if trained else root)
    loaded = load_generator(path)
    assert draws_the_same(loaded, mirrored(source) if trained else source)
    assert loaded.info.format == "MMGeneration state dict (torch.save)"
    (assumed,) = (line for line in loaded.info.assumed if line.startswith("color_order"))
    assert assumed.startswith("color_order bgr, as trainings" if trained else "color_order rgb, as nothing of a")
    monkeypatch.setenv("RSI_COLOR_ORDER", "rgb" if trained else "bgr")
    said = load_generator(path)
    assert draws_the_same(said, source if trained else mirrored(source))
    assert not any(line.startswith("color_order") for line in said.info.assumed)


def test_a_conditional_network_of_mmagic(make_generator: MakeGenerator, save: Callable[..., Path]) -> None:
    source = make_generator(replace(SIZES, c_dim=3))
    loaded = load_generator(save({"state_dict": under("generator_ema.", mmgeneration(source.state_dict()))}))
    assert loaded.architecture == source.architecture
    assert draws_the_same(loaded, source, torch.eye(3)[1:])


def test_a_module_that_pti_saved(
    make_generator: MakeGenerator, persistent_generator: Callable[[Generator], Any], save: Callable[..., Path]
) -> None:
    source = make_generator(replace(SIZES, conv_clamp=256))
    for root, place in (
        (persistent_generator(source), ""),
        ({"G_ema": persistent_generator(source)}, "G_ema"),
    ):
        loaded = load_generator(save(root, "model_ABC.pt"))
        assert draws_the_same(loaded, source)
        assert (loaded.info.format, loaded.info.place) == ("NVIDIA module (torch.save)", place)
        assert loaded.architecture == source.architecture


@pytest.mark.parametrize("architecture", [SIZES, replace(SIZES, c_dim=3, conv_clamp=256), replace(SIZES, z_dim=7)])
@pytest.mark.usefixtures("tensorflow")
def test_a_tensorflow_pickle(
    make_generator: MakeGenerator, other: Generator, tmp_path: Path, architecture: StyleGAN2Architecture
) -> None:
    source = make_generator(architecture)
    settings = {"conv_clamp": 256, "resample_kernel": (1, 3, 3, 1)} if architecture.conv_clamp else {}
    gs = tensorflow(tensorflow_parts(source.state_dict()), settings, version=5 if settings else 4)
    path = write_tensorflow(tmp_path / "ffhq.pkl", gs, tensorflow(tensorflow_parts(other.state_dict())))
    loaded = load_generator(path)
    labels = torch.eye(3)[1:] if architecture.c_dim else None
    assert draws_the_same(loaded, source, labels)
    assert torch.equal(loaded.w_avg, source.w_avg)
    assert loaded.architecture == architecture
    assert (loaded.info.format, loaded.info.place, loaded.info.assumed) == ("TensorFlow pickle", "Gs", ())
    for name, tensor in source.state_dict().items():
        if not name.endswith("affine.bias"):  # less 1 and more again
            assert torch.equal(loaded.state_dict()[name], tensor), name


def broken(parts: dict[str, Any], part: str, name: str, value: object) -> dict[str, Any]:
    variables = {key: array for key, array in parts[part].items() if key != name}
    return {**parts, part: variables if value is None else {**variables, name: value}}


ONES = np.ones((2, 2), np.float32)


@pytest.mark.parametrize(
    ("part", "name", "value", "settings", "version", "reason"),
    [
        ("Gs", "x", ONES, {"architecture": "resnet"}, 4, "a StyleGAN2 with architecture 'resnet': only skip is supp"),
        ("Gs", "x", ONES, {"architecture": "orig"}, 4, "a StyleGAN2 with architecture 'orig': only skip is supported"),
        ("Gs", "x", ONES, {"nonlinearity": "relu"}, 4, "nonlinearity 'relu': only lrelu is supported"),
        ("Gs", "x", ONES, {"mapping_lrmul": 1.0}, 4, "mapping_lrmul 1.0: only 0.01 is supported"),
        ("Gs", "x", ONES, {"resample_kernel": [1, 1]}, 4, r"resample_kernel \[1, 1\]: only \[1, 3, 3, 1\] is"),
        ("Gs", "x", ONES, {"res_log2": 7}, 4, r"pictures that are not square \(res_log2\)"),
        ("Gs", "x", ONES, {}, 2, r"a StyleGAN1 or older \(records of version 2\)"),
        ("synthesis", "8x8/StyleMod/weight", ONES, {}, 3, "a StyleGAN1: only StyleGAN2 modulates its filters"),
        ("synthesis", "8x8/Skip/weight", ONES, {}, 4, "of architecture resnet: only skip is supported"),
        ("synthesis", "ToRGB_lod0/weight", ONES, {}, 4, r"that was grown \(configurations B to D\)"),
        ("mapping", "LabelConcat/weight", ONES, {}, 4, "joins the label to z before it is normalised"),
        ("synthesis", "extra", ONES, {}, 4, "not the variables of a StyleGAN2: extra unexpected"),
        ("synthesis", "8x8/Conv1/bias", None, {}, 4, "8x8/Conv1/bias is missing"),
        ("synthesis", "8x8/Conv1/bias", ONES, {}, 4, r"8x8/Conv1/bias has the shape \[2, 2\]"),
        ("synthesis", "8x8/Conv1/bias", ONES.astype(int), {}, 4, "8x8/Conv1/bias: it does not hold floating-point"),
        ("synthesis", "8x8/Conv1/bias", "text", {}, 4, "8x8/Conv1/bias: it is not stored as an array"),
    ],
)
@pytest.mark.usefixtures("tensorflow")
def test_other_tensorflow_networks_are_refused_for_their_reason(
    source: Generator,
    tmp_path: Path,
    part: str,
    name: str,
    value: object,
    settings: dict[str, Any],
    version: int,
    reason: str,
) -> None:
    parts = broken(tensorflow_parts(source.state_dict()), part, name, value)
    path = write_tensorflow(tmp_path / "x.pkl", tensorflow(parts, settings, version))
    with pytest.raises(InputError, match=f"x.pkl: .*{reason}") as caught:
        load_generator(path)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("tensorflow")
def test_other_tensorflow_pickles(source: Generator, tmp_path: Path, canary: Path) -> None:
    gs = tensorflow(tensorflow_parts(source.state_dict()))
    for root, reason in (
        ((gs,), "without the three networks G, D and Gs"),
        ((gs, gs, Network()), "Gs is not stored as a network"),
        ((gs, gs, Network(version=4, components={}, variables=3)), "the variables of a network are damaged"),
        ((gs, gs, SimpleNamespace(of=gs)), "it names 'types.SimpleNamespace', which no generator"),
    ):
        path = tmp_path / "x.pkl"
        path.write_bytes(pickle.dumps(root, 4))
        with pytest.raises(InputError, match=reason):
            load_generator(path)


@pytest.mark.usefixtures("tensorflow")
def test_damaged_tensorflow_pickles_load_or_fail_in_one_line(source: Generator, tmp_path: Path) -> None:
    path = write_tensorflow(tmp_path / "x.pkl", tensorflow(tensorflow_parts(source.state_dict())))
    loads_damaged_or_fails_in_one_line(path, first=2, last=-10)


T = torch.ones(2)
STYLES = "the methods need the styles of StyleGAN2's filters"


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (
            {"params_ema": {"stylegan_decoder.constant_input.weight": T, "conv_body_first.weight": T}},
            "GFPGAN, which rest",
        ),
        (
            {"params_ema": {"constant_input.weight": T, "style_conv1.bias": T, "style_mlp.1.weight": T}},
            "GFPGAN's clean network, which is no StyleGAN2: it enlarges before it convolves",
        ),
        ({"synthesis.b4.const": T, "synthesis.b8.skip.weight": T}, "a StyleGAN2 of architecture resnet"),
        ({"g": {"module.init.init.0.weight_orig": T}, "g_ema": [T]}, f"a FastGAN.*: {STYLES}"),
        ({"g": {"se_64.main.1.weight_orig": T}}, "a FastGAN"),
        ({"G_ema": {"synthesis.init.init.0.weight_orig": T}}, "a FastGAN, or a Projected GAN with its generator"),
        (
            {"GAN": {"GE.initial_block": T, "SE.net.0.weight": T}, "version": "1.8"},
            "a network of lucidrains's stylegan2-pytorch",
        ),
        ({"generator_smooth": {"synthesis.layer0.style.weight": T}}, "a StyleGAN2 with GenForce's names"),
        ({"truncation.w_avg": T}, "a StyleGAN2 with GenForce's names"),
        (
            {"synthesis.input.freqs": T},
            "the state dict of a StyleGAN3 or StyleGAN-XL, which lacks sizes that the .pkl has",
        ),
        ({"state_dict": {"decoder.synthesis.input.freqs": T}}, "the state dict of a StyleGAN3"),
        ({"d": {"final_linear.1.weight": T}}, "a discriminator alone: give the file with the generator"),
        ({"b4.out.weight": T}, "a discriminator alone"),
        ({"state_dict": {"discriminator.convs.0.weight": T}}, "a discriminator alone"),
        (
            {"params_ema": {"conv_first.weight": T, "conv_body.weight": T}},
            "a network made with BasicSR that is no Style",
        ),
        (
            {"state_dict": {"layer1.0.conv.weight": T}},
            r"no StyleGAN2 whose names are known \(.*\): it holds state_dict",
        ),
    ],
)
def test_what_is_no_stylegan2_is_named(save: Callable[..., Path], root: object, reason: str) -> None:
    with pytest.raises(InputError, match=f"network.pth: {reason}") as caught:
        load_generator(save(root))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", [lambda g: g.synthesis.add_module("init", g.mapping), lambda g: discriminate(g)])
def test_what_is_no_stylegan2_is_named_in_pickles(
    source: Generator,
    persistent_generator: Callable[[Generator], Any],
    write_pickle: Callable[..., Path],
    change: Callable[[Any], None],
) -> None:
    network = persistent_generator(source)
    change(network)
    with pytest.raises(InputError, match=r"a FastGAN, or a Projected GAN|a discriminator alone"):
        load_generator(write_pickle(network))


def discriminate(network: Any) -> None:
    b4 = network.synthesis.b4
    b4.add_module("out", network.mapping.fc0)
    network.add_module("b4", b4)


@pytest.mark.parametrize("program", ["BasicSR", "MMGeneration", "NVIDIA"])
def test_damaged_state_dicts_load_or_fail_in_one_line(
    source: Generator, save: Callable[..., Path], program: str
) -> None:
    path = save({"params_ema": PROGRAMS[program](source.state_dict())})
    loads_damaged_or_fails_in_one_line(path, first=14, last=-1)
