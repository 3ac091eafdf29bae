import argparse
import collections
import datetime
import fractions
import math
import os
import pathlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from damage import loads_damaged_or_fails_in_one_line
from torch import Tensor, nn

from rsi.errors import InputError
from rsi.generators import load_generator, mean_code

State = dict[str, Any]
CHANNELS = {4: 8, 8: 8, 16: 4}
W_DIM = 6


def make_state(layers: int = 3, noises: bool = True, old_biases: bool = False) -> State:
    """A generator as rosinality's class stores it, random in every tensor."""
    random = torch.Generator().manual_seed(0)

    def draw(*shape: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
        return torch.randn(*shape, generator=random) * scale + shift

    state: State = {"input.input": draw(1, CHANNELS[4], 4, 4)}
    for layer in range(1, layers + 1):
        state[f"style.{layer}.weight"] = draw(W_DIM, W_DIM, scale=100)
        state[f"style.{layer}.bias"] = draw(W_DIM, scale=10)

    def convolution(name: str, inputs: int, outputs: int, side: int) -> None:
        state[f"{name}.conv.weight"] = draw(1, outputs, inputs, side, side)
        state[f"{name}.conv.modulation.weight"] = draw(inputs, W_DIM)
        state[f"{name}.conv.modulation.bias"] = draw(inputs, scale=0.3, shift=1)

    def styled(name: str, inputs: int, outputs: int) -> None:
        convolution(name, inputs, outputs, 3)
        state[f"{name}.noise.weight"] = draw(1)
        state[f"{name}.activate.bias"] = draw(1, outputs, 1, 1) if old_biases else draw(outputs)

    def colours(name: str, inputs: int) -> None:
        convolution(name, inputs, 3, 1)
        state[f"{name}.bias"] = draw(1, 3, 1, 1)

    styled("conv1", CHANNELS[4], CHANNELS[4])
    colours("to_rgb1", CHANNELS[4])
    for block, side in enumerate((8, 16)):
        styled(f"convs.{2 * block}", CHANNELS[side // 2], CHANNELS[side])
        state[f"convs.{2 * block}.conv.blur.kernel"] = kernel()
        styled(f"convs.{2 * block + 1}", CHANNELS[side], CHANNELS[side])
        colours(f"to_rgbs.{block}", CHANNELS[side])
        state[f"to_rgbs.{block}.upsample.kernel"] = kernel()
    for index, side in enumerate((4, 8, 8, 16, 16) if noises else ()):
        state[f"noises.noise_{index}"] = draw(1, 1, side, side)
    return state


def kernel() -> Tensor:
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return taps[:, None] * taps[None, :] / 64 * 4


def literal_mapping(state: State, z: Tensor) -> Tensor:
    x = z / (z**2).mean(1, keepdim=True).add(1e-8).sqrt()
    for layer in range(1, 100):
        if f"style.{layer}.weight" in state:
            weight = state[f"style.{layer}.weight"] * 0.01 / math.sqrt(W_DIM)
            x = x @ weight.T + 0.01 * state[f"style.{layer}.bias"]
            x = torch.where(x > 0, x, 0.2 * x) * math.sqrt(2)
    return x


def literal_images(state: State, ws: Tensor) -> Tensor:
    """Images in [-1, 1] of codes ``[B, num_ws, w_dim]``, one image and one weight after another."""
    return torch.cat([literal_image(state, codes) for codes in ws])


def literal_image(state: State, ws: Tensor) -> Tensor:
    x = literal_layer(state, "conv1", state["input.input"], ws[0], noise=0)
    image = literal_colours(state, "to_rgb1", x, ws[1])
    for block in range(len(CHANNELS) - 1):
        slot = 1 + 2 * block
        x = literal_layer(state, f"convs.{2 * block}", x, ws[slot], noise=slot, up=True)
        x = literal_layer(state, f"convs.{2 * block + 1}", x, ws[slot + 1], noise=slot + 1)
        doubled = torch.zeros(1, 3, 2 * image.shape[2], 2 * image.shape[3])
        doubled[:, :, ::2, ::2] = image
        image = smooth(F.pad(doubled, (2, 1, 2, 1))) + literal_colours(state, f"to_rgbs.{block}", x, ws[slot + 2])
    return image


def literal_layer(state: State, name: str, x: Tensor, w: Tensor, noise: int, up: bool = False) -> Tensor:
    weight = modulated(state, name, w)
    weight = weight / (weight**2).sum((1, 2, 3), keepdim=True).add(1e-8).sqrt()
    if up:
        side = x.shape[-1]
        y = torch.zeros(1, len(weight), 2 * side + 1, 2 * side + 1)
        for row in range(3):
            for column in range(3):
                spread = torch.einsum("bihw,oi->bohw", x, weight[:, :, row, column])
                y[:, :, row : row + 2 * side : 2, column : column + 2 * side : 2] += spread
        y = smooth(F.pad(y, (1, 1, 1, 1)))
    else:
        y = F.conv2d(x, weight, padding=1)
    y = y + state[f"{name}.noise.weight"] * state[f"noises.noise_{noise}"]
    y = y + state[f"{name}.activate.bias"].reshape(1, -1, 1, 1)
    return torch.where(y > 0, y, 0.2 * y) * math.sqrt(2)


def literal_colours(state: State, name: str, x: Tensor, w: Tensor) -> Tensor:
    bias: Tensor = state[f"{name}.bias"]
    return F.conv2d(x, modulated(state, name, w)) + bias


def modulated(state: State, name: str, w: Tensor) -> Tensor:
    style = w @ (state[f"{name}.conv.modulation.weight"] / math.sqrt(W_DIM)).T + state[f"{name}.conv.modulation.bias"]
    weight: Tensor = state[f"{name}.conv.weight"][0]
    modulated: Tensor = weight / math.sqrt(weight[0].numel()) * style[None, :, None, None]
    return modulated


def smooth(x: Tensor) -> Tensor:
    return F.conv2d(x.transpose(0, 1), kernel().flip(0, 1)[None, None]).transpose(0, 1)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def save(root: object, legacy: bool = False) -> Path:
        path = tmp_path / "network.pkl"  # the name does not matter
        torch.save(root, path, _use_new_zipfile_serialization=not legacy)
        return path

    return save


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("state", [make_state(), make_state(layers=8, old_biases=True)])
def test_images_are_those_of_the_formulas(save: Callable[..., Path], state: State, legacy: bool) -> None:
    mean = torch.randn(W_DIM)
    generator = load_generator(save({"g_ema": state, "latent_avg": mean}, legacy))
    z = torch.randn(2, W_DIM)
    assert torch.allclose(generator.mapping(z), literal_mapping(state, z), rtol=1e-4, atol=1e-5)
    ws = torch.randn(2, 6, W_DIM)
    found, expected = generator.synthesis(ws) * 2 - 1, literal_images(state, ws)
    assert (found - expected).abs().max() / expected.abs().max() < 1e-5
    assert torch.equal(generator.w_avg, mean)
    assert (generator.resolution, generator.num_ws, generator.filters) == ((16, 16), 6, (8, 8, 8, 4, 4, 3))


@pytest.mark.parametrize("shape", [(1, W_DIM), (6, W_DIM)])
def test_mean_codes_of_other_shapes(save: Callable[..., Path], shape: tuple[int, ...]) -> None:
    mean = torch.randn(W_DIM)
    generator = load_generator(save({"g_ema": make_state(), "latent_avg": mean.expand(shape)}))
    assert torch.equal(generator.w_avg, mean)


def test_a_mean_code_that_cannot_be_read_is_named(save: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match=r"tensor latent_avg: it holds torch.int64, not floating-point numbers"):
        load_generator(save({"g_ema": make_state(), "latent_avg": torch.zeros(W_DIM, dtype=torch.int64)}))
    with pytest.raises(InputError, match=r"tensor element 1: it holds torch.int64"):
        load_generator(save([make_state(), torch.zeros(W_DIM, dtype=torch.int64)]))


def test_a_mean_that_is_missing_is_computed(save: Callable[..., Path]) -> None:
    state = make_state()
    generator = load_generator(save(state))
    codes = literal_mapping(state, torch.randn(20_000, W_DIM, generator=torch.Generator().manual_seed(1)))
    assert torch.allclose(generator.w_avg, codes.mean(0), atol=0.05 * float(codes.std()))
    assert torch.equal(generator.w_avg, mean_code(generator))


def test_a_checkpoint_of_a_training_prefers_the_average(save: Callable[..., Path]) -> None:
    options = argparse.Namespace(size=16, path="lmdb")
    state, other = make_state(), make_state(layers=1)
    root = {"g": other, "d": {"a": torch.ones(1)}, "g_ema": state, "args": options, "ada_aug_p": 0.3}
    assert load_generator(save(root)).architecture.mapping_layers == 3
    assert load_generator(save({"g": other, "args": options})).architecture.mapping_layers == 1


def test_noise_that_was_not_stored_is_always_the_same(save: Callable[..., Path]) -> None:
    path = save({"g_ema": make_state(noises=False)})
    first, second = (load_generator(path).state_dict() for _ in range(2))
    name = "synthesis.b16.conv1.noise_const"
    assert torch.equal(first[name], second[name])
    assert 0.7 < first[name].std() < 1.3
    assert not torch.equal(first[name], first["synthesis.b16.conv0.noise_const"])


def without(name: str) -> State:
    state = make_state()
    del state[name]
    return state


@pytest.mark.parametrize(
    ("root", "message"),
    [
        (
            {"weight": torch.ones(2)},
            r"no StyleGAN2 whose names are known \(NVIDIA's, rosinality's, BasicSR's, MMG.*\): it holds weight",
        ),
        ([1], "it holds no tensors"),
        ({"g_ema": without("style.1.weight")}, "style.1.bias, .* unexpected"),
        ({"g_ema": without("convs.2.noise.weight")}, "convs.2.noise.weight is missing"),
        ({"g_ema": without("to_rgbs.1.bias")}, r"to_rgbs.1.conv.weight, .* unexpected"),
        ({"g_ema": {**make_state(), "strange": 1}}, "strange unexpected"),
        ({"g_ema": {**make_state(), "conv1.conv.weight": 3}}, "conv1.conv.weight is missing"),
        ({"g_ema": {**make_state(), "conv1.conv.weight": torch.ones(2)}}, r"conv1.conv.weight has the shape \[2\]"),
        ({"g_ema": {**make_state(), "conv1.activate.bias": torch.ones(9)}}, r"b4.conv1.bias has the shape \[9\]"),
        ({"g_ema": {**make_state(), "to_rgbs.0.upsample.kernel": torch.ones(4, 4)}}, "is not the filter"),
        ({"g_ema": {**make_state(), "input.input": torch.full((1, 8, 4, 4), math.nan)}}, "does not hold finite"),
        ({"g_ema": {**make_state(), "input.input": torch.ones(1, 8, 4, 4).long()}}, "it holds torch.int64"),
        (pathlib.PurePosixPath("x"), "it names 'pathlib.*PurePosixPath', which no generator"),
        ({"g_ema": make_state(), "latent_avg": torch.ones(7)}, r"mapping.w_avg has the shape \[7\]"),
    ],
)
def test_other_files(save: Callable[..., Path], root: object, message: str) -> None:
    with pytest.raises(InputError, match=f"network.pkl: .*{message}") as caught:
        load_generator(save(root))
    assert "\n" not in str(caught.value)


class Hostile:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.system, (f"touch {self.path}",)


class Settings(dict[str, Any]):
    """As trainings keep their options; with attributes, a key of several parts and a list of its own."""


class Names(list[str]):
    pass


PLAIN = {"g_ema": make_state(), "latent_avg": torch.ones(W_DIM)}
SETTINGS = Settings({("lr", 1): 0.1})
vars(SETTINGS).update(names=Names(["a"]), folder=pathlib.PurePosixPath("data"))


@pytest.fixture(scope="module")
def plainly_loaded(tmp_path_factory: pytest.TempPathFactory) -> State:
    """The tensors of a file with nothing beside the weights."""
    path = tmp_path_factory.mktemp("plain") / "network.pkl"
    torch.save(PLAIN, path)
    return load_generator(path).state_dict()


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize(
    "beside",
    [
        np.float64(0.5),
        np.float32(0.5),
        np.bool_(True),
        np.arange(6.0).reshape(2, 3),
        np.array(["a", None], dtype=object),
        np.random.default_rng(0),
        np.random.RandomState(0).get_state(),
        collections.defaultdict(list, a=[1]),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
        SETTINGS,
        fractions.Fraction(1, 3),
        nn.Linear(2, 2),
        torch.float16,
        torch.ones(3, dtype=torch.float8_e5m2),
        bytearray(b"x"),
        {1, "a"},
        complex(1, 2),
        Settings.fromkeys,
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_is_beside_the_weights_is_not_looked_at(
    save: Callable[..., Path], plainly_loaded: State, beside: object, legacy: bool
) -> None:
    loaded = load_generator(save({"best": beside, **PLAIN, "args": {"nested": [beside]}}, legacy)).state_dict()
    assert [name for name, tensor in plainly_loaded.items() if not torch.equal(loaded[name], tensor)] == []


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precisions(save: Callable[..., Path], dtype: torch.dtype, legacy: bool) -> None:
    state = {name: tensor.to(dtype) for name, tensor in make_state().items()}
    loaded = load_generator(save({"g_ema": state}, legacy))
    expected = load_generator(save({"g_ema": {name: tensor.float() for name, tensor in state.items()}}))
    for name, tensor in expected.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_parameters_in_an_ordered_dictionary(save: Callable[..., Path]) -> None:
    state = collections.OrderedDict((name, nn.Parameter(tensor)) for name, tensor in make_state().items())
    loaded, expected = load_generator(save({"g_ema": state})), load_generator(save({"g_ema": make_state()}))
    assert torch.equal(loaded.state_dict()["synthesis.b4.const"], expected.state_dict()["synthesis.b4.const"])


def test_other_zip_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(InputError, match=r"network.pt: it is a zip archive that torch.save did not write"):
        load_generator(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_is_run(save: Callable[..., Path], canary: Path, legacy: bool) -> None:
    path = save({"g_ema": make_state(), "args": Hostile(canary)}, legacy)
    with pytest.raises(InputError, match=r"it names 'posix.system'.*nothing was run"):
        load_generator(path)
    assert not canary.exists()


@pytest.mark.parametrize("legacy", [False, True])
def test_truncated_files(save: Callable[..., Path], legacy: bool) -> None:
    path = save({"g_ema": make_state()}, legacy)
    data = path.read_bytes()
    for length in range(20, len(data), len(data) // 30):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"damaged|not the tensors|it holds"):
            load_generator(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_damaged_files_load_or_fail_in_one_line(save: Callable[..., Path], legacy: bool) -> None:
    path = save({"g_ema": make_state(), "lr": np.float64(1)}, legacy)
    loads_damaged_or_fails_in_one_line(path, first=14, last=-1)
