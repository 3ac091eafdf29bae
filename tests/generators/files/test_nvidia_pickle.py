import collections
import functools
import io
import os
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import loads_damaged_or_fails_in_one_line
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from rsi.errors import InputError
from rsi.generators import Generator, StyleGAN2Architecture, load_generator

MakeGenerator = Callable[..., Generator]
Persist = Callable[[Generator], Any]
WritePickle = Callable[..., Path]
SIZES = StyleGAN2Architecture(6, 0, 5, 16, 2, channel_base=64, channel_max=8)


class Hostile:
    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple[object, ...]:
        return self.call


@pytest.fixture
def persistent(make_generator: MakeGenerator, persistent_generator: Persist) -> Any:
    return persistent_generator(make_generator(SIZES))


@pytest.mark.parametrize(
    "architecture",
    [
        SIZES,
        replace(SIZES, c_dim=3),
        replace(SIZES, conv_clamp=256),
        StyleGAN2Architecture(4, 0, 7, 32, 1, channel_base=1000, channel_max=30, conv_clamp=1.5),
    ],
)
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_a_checkpoint_renders_the_same_bits_and_runs_nothing(
    make_generator: MakeGenerator,
    persistent_generator: Persist,
    write_pickle: WritePickle,
    canary: Path,
    architecture: StyleGAN2Architecture,
    protocol: int,
) -> None:
    source = make_generator(architecture)
    path = write_pickle(persistent_generator(source), protocol, D=persistent_generator(make_generator(SIZES)))
    loaded = load_generator(path)
    z, c = torch.randn(2, architecture.z_dim), torch.eye(4)[:2, : architecture.c_dim]
    assert torch.equal(loaded(z, c), source(z, c))
    assert torch.equal(loaded.w_avg, source.w_avg)
    assert loaded.filters == source.filters
    assert loaded.architecture.describe() == architecture.describe()
    assert not canary.exists()


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize(
    "foreign",
    [
        nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU()),
        functools.partial(print, end=""),
        collections.defaultdict(list, a=[1]),
        collections.deque([1, 2]),
        {("a", 1): Path("x")},
        Hostile(isinstance, 1, int),
        nn.Linear(2, 2).forward,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_beside_g_ema_may_be_of_any_class(
    persistent: Any, write_pickle: WritePickle, foreign: object, protocol: int
) -> None:
    beside = ("D", "augment_pipe", "G", "training_set_kwargs", "progress")
    loaded = load_generator(write_pickle(persistent, protocol, **dict.fromkeys(beside, foreign)))
    assert torch.equal(loaded.w_avg, persistent.mapping.w_avg)


def test_what_g_ema_holds_may_not(persistent: Any, write_pickle: WritePickle) -> None:
    persistent.extra = collections.deque([1])
    with pytest.raises(InputError, match=r"it names 'collections.deque', which no generator .*nothing was run"):
        load_generator(write_pickle(persistent))


def test_its_info(persistent: nn.Module, write_pickle: WritePickle) -> None:
    info = load_generator(write_pickle(persistent)).info
    assert (info.name, info.embedded, info.lr_scale) == ("network", False, None)
    assert "unknown" in info.license
    assert len(info.sha256) == 64


def test_half_precision_becomes_single(
    make_generator: MakeGenerator, persistent_generator: Persist, write_pickle: WritePickle
) -> None:
    source = make_generator(SIZES).half()
    loaded = load_generator(write_pickle(persistent_generator(source)))
    for name, tensor in source.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.float())


def test_views_of_a_shared_storage(persistent: Any, write_pickle: WritePickle) -> None:
    transposed = persistent.mapping.fc0.weight.detach().t().contiguous().t()
    persistent.mapping.fc0.weight = nn.Parameter(transposed, requires_grad=False)
    assert torch.equal(load_generator(write_pickle(persistent)).state_dict()["mapping.fc0.weight"], transposed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: delattr(g, "mapping"), "has no module mapping.fc0"),
        (lambda g: delattr(g.synthesis.b4.conv1, "weight"), "no tensor synthesis.b4.conv1.weight with 1 or more axes"),
        (lambda g: g._buffers.update({"two\nlines": torch.ones(1)}), "two lines unexpected"),
        (lambda g: delattr(g.synthesis.b8, "torgb"), "synthesis.b8.torgb.*, .* and 1 more missing"),
        (lambda g: g.mapping.register_buffer("extra", torch.ones(2)), "mapping.extra unexpected"),
        (
            lambda g: setattr(g.synthesis.b4, "const", nn.Parameter(torch.ones(8, 4, 5))),
            r"b4.conv1.noise_const has the shape \[4, 4\] instead of \[4, 5\]",
        ),
        (
            lambda g: setattr(g.synthesis.b4, "architecture", "resnet"),
            "is 'resnet'; only 'skip' is supported",
        ),
        (lambda g: setattr(g.mapping.fc0, "bias_gain", 1.0), "bias_gain of mapping.fc0 is 1.0; only 0.01"),
        (lambda g: setattr(g.mapping.fc0, "activation", [1]), "activation of mapping.fc0 is \\[1\\]"),
        (lambda g: setattr(g.synthesis.b4.conv1, "conv_clamp", "x"), "conv_clamp is a str"),
        (lambda g: g.mapping.w_avg.fill_(torch.nan), "w_avg does not hold finite"),
        (lambda g: g.synthesis.b8.resample_filter.mul_(2), "is not the filter"),
        (lambda g: g.mapping.register_buffer("w_avg", torch.ones(5, dtype=torch.int64)), "holds torch.int64"),
        (lambda g: grey(g), "makes images of 1 channels: only RGB"),
        (
            lambda g: setattr(g, "_modules", {"synthesis": 3}),
            "G_ema.synthesis is not stored as a network module",
        ),
        (lambda g: g._parameters.update(x="weight"), "tensor x: it is not stored as a dense tensor"),
        (
            lambda g: g._buffers.update({"x" * 1000: torch.ones(1)}),
            "names in _buffers of a Generator are damaged",
        ),
    ],
)
def test_other_networks(
    persistent: Any,
    write_pickle: WritePickle,
    change: Callable[[Any], object],
    message: str,
) -> None:
    change(persistent)
    with pytest.raises(InputError, match=f"network.pkl: .*{message}") as caught:
        load_generator(write_pickle(persistent))
    assert "\n" not in str(caught.value)


def test_a_network_that_contains_itself(tmp_path: Path) -> None:
    call = b"ctorch_utils.persistence\n_reconstruct_persistent_obj\n"
    state = b"}X\x08\0\0\0_modulesh\0s"
    meta = b"}(X\x0a\0\0\0class_nameX\x09\0\0\0GeneratorX\x05\0\0\0state" + state + b"u"
    root = b"}X\x05\0\0\0G_ema" + call + meta + b"\x85Rq\x01sq\x02"
    loop = b"h\0X\x04\0\0\0looph\x01s"
    path = write_file(tmp_path, b"\x80\x03}q\0" + root + loop + b"h\x02.")
    with pytest.raises(InputError, match="G_ema has far more modules than a StyleGAN2, or contains itself"):
        load_generator(path)


def grey(generator: Any) -> None:
    for block in generator.synthesis.children():
        block.torgb.weight = nn.Parameter(block.torgb.weight.detach()[:1])


def test_checkpoints_without_g_ema(write_pickle: WritePickle, tmp_path: Path) -> None:
    for path in (write_pickle(None), write_file(tmp_path, pickle.dumps([1]))):
        with pytest.raises(InputError, match="has no G_ema"):
            load_generator(path)


def write_file(folder: Path, data: bytes) -> Path:
    path = folder / "file.pkl"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "make", [lambda p: Hostile(os.system, f"touch {p}"), lambda p: Hostile(eval, f"open({str(p)!r}, 'w')")]
)
@pytest.mark.parametrize("place", ["root", "state", "storage"])
def test_hostile_calls_are_refused_by_name(
    persistent: Any,
    write_pickle: WritePickle,
    canary: Path,
    make: Callable[[Path], Hostile],
    place: str,
) -> None:
    if place == "root":
        path = write_pickle(persistent, augment_pipe=make(canary))
    elif place == "state":
        persistent.extra = make(canary)
        path = write_pickle(persistent)
    else:
        path = write_pickle(persistent, D=make_storage_call(make(canary)))
    with pytest.raises(InputError, match=r"names '(posix\.system|builtins\.eval)'.*nothing was run"):
        load_generator(path)
    assert not canary.exists()


def make_storage_call(argument: object) -> Hostile:
    return Hostile(torch.storage._load_from_bytes, argument)


@pytest.mark.parametrize(
    "payload",
    [
        lambda evil: pickle.dumps(evil, 2),
        lambda evil: torch_saved(evil, legacy=True),
        lambda evil: torch_saved(evil, legacy=False),
        lambda _: torch_saved({"a": 1}, legacy=True),
        lambda _: b"",
        lambda _: 7,
    ],
)
def test_payloads_in_the_bytes_of_a_storage_do_not_run(
    persistent: Any,
    write_pickle: WritePickle,
    canary: Path,
    payload: Callable[[Hostile], bytes],
) -> None:
    persistent.mapping._buffers["w_avg"] = rebuilt(payload(Hostile(os.system, f"touch {canary}")), (5,), (1,))
    with pytest.raises(InputError, match=r"tensor mapping.w_avg: its (storage|geometry)"):
        load_generator(write_pickle(persistent))
    assert not canary.exists()


def torch_saved(value: object, legacy: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def rebuilt(storage: object, shape: object, stride: object, offset: object = 0) -> Hostile:
    return Hostile(torch._utils._rebuild_tensor_v2, make_storage_call(storage), offset, shape, stride, False, None)


def float_storage(count: int) -> bytes:
    data = pickle.dumps(torch.zeros(count), 3)
    start = data.index(b"\x80\x02\x8a\nl\xfc\x9cF\xf9")
    return data[start : data.index(count.to_bytes(8, "little"), start) + 8 + 4 * count]


@pytest.mark.parametrize(
    ("geometry", "message"),
    [
        (((5,), (1,), 1), "reaches beyond its storage of 5 numbers"),
        (((5,), (2,), 0), "reaches beyond its storage"),
        (((5,), (2**62,), 0), "reaches beyond its storage"),
        (((5,), (1,), -1), "geometry is damaged"),
        (((5,), (1,), 2**63), "geometry is damaged"),
        (((5,), (1, 1), 0), "geometry is damaged"),
        (((1.0,), (1,), 0), "geometry is damaged"),
        ((5, 1, 0), "not stored as a dense tensor"),
        (((2**31, 2**31), (0, 0), 0), r"has the shape \[2147483648, 2147483648\] instead of \[5\]"),
    ],
)
def test_impossible_geometry(
    persistent: Any,
    write_pickle: WritePickle,
    geometry: tuple[Any, Any, Any],
    message: str,
) -> None:
    persistent.mapping._buffers["w_avg"] = rebuilt(float_storage(5), *geometry)
    with pytest.raises(InputError, match=f"tensor mapping.w_avg:? .*{message}"):
        load_generator(write_pickle(persistent))


def test_a_broadcast_tensor_is_refused_before_it_takes_memory(
    make_generator: MakeGenerator, persistent_generator: Persist, write_pickle: WritePickle
) -> None:
    persistent = persistent_generator(make_generator(replace(SIZES, z_dim=2**19)))
    persistent.mapping.fc0._parameters["weight"] = rebuilt(float_storage(5), (5, 2**19), (0, 0))
    with pytest.raises(InputError, match="reaches beyond its storage of 5 numbers"):
        load_generator(write_pickle(persistent))


def test_truncated_files(persistent: Any, write_pickle: WritePickle) -> None:
    path = write_pickle(persistent)
    data = path.read_bytes()
    for length in {1, 2, 3, *range(10, len(data), len(data) // 60), len(data) - 1}:
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match="damaged or cut off"):
            load_generator(path)


@pytest.mark.filterwarnings("ignore:invalid escape sequence", "ignore:Detected pickle protocol")
def test_damaged_files_load_or_fail_in_one_line(
    persistent: Any,
    write_pickle: WritePickle,
    canary: Path,
) -> None:
    loads_damaged_or_fails_in_one_line(write_pickle(persistent), first=2, last=-10)
    assert not canary.exists()


def test_random_bytes(tmp_path: Path) -> None:
    @settings(max_examples=60, deadline=None)
    @given(
        st.binary(max_size=300),
        st.sampled_from([b"", b"\x80\x03", b"\x80\x04", b"\x10\0\0\0\0\0\0\0{", b"PK\3\4"]),
    )
    def load(data: bytes, start: bytes) -> None:
        with pytest.raises(InputError, match=r"file\.pkl: "):
            load_generator(write_file(tmp_path, start + data))

    load()
