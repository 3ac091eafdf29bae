import hashlib
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rsi.errors import InputError
from rsi.generators import Generator, GeneratorInfo, StyleGAN2Architecture, load_generator, save_generator

MakeGenerator = Callable[..., Generator]


@pytest.fixture
def saved(make_generator: MakeGenerator, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_generator(make_generator(), path)
    return path


def metadata_of(path: Path) -> dict[str, str]:
    with safe_open(path, "pt") as file:
        return dict(file.metadata())


def rewrite(path: Path, metadata: dict[str, str], tensors: dict[str, torch.Tensor | None]) -> None:
    changed = {**load_file(path), **tensors}
    kept = {name: tensor.clone() for name, tensor in changed.items() if tensor is not None}
    save_file(kept, path, {**metadata_of(path), **metadata})


def test_the_embedded_generator() -> None:
    generator = load_generator("avatars128")
    asset = resources.files("rsi.generators") / "assets" / "avatars128.safetensors"
    assert generator.info == GeneratorInfo(
        name="avatars128",
        source=Path(str(asset)),
        lr_scale=0.377,
        license="CC-BY-4.0 (ToonHead by Johan Melin)",
        sha256=hashlib.sha256(asset.read_bytes()).hexdigest(),
        embedded=True,
        format="safetensors of rsi",
    )
    assert generator.architecture == StyleGAN2Architecture(64, 0, 128, 128, 4, 2048, 128)


@pytest.mark.parametrize(
    "architecture",
    [
        StyleGAN2Architecture(6, 0, 5, 16, 2, channel_base=64, channel_max=8),
        StyleGAN2Architecture(6, 3, 5, 32, 1, channel_base=100, channel_max=8, conv_clamp=0.5),
    ],
)
def test_round_trip(make_generator: MakeGenerator, tmp_path: Path, architecture: StyleGAN2Architecture) -> None:
    generator = make_generator(architecture)
    generator.info = GeneratorInfo(lr_scale=0.5, license="CC0")
    path = tmp_path / "mine.safetensors"
    save_generator(generator, path)
    loaded = load_generator(str(path))
    assert loaded.architecture == architecture
    read = loaded.state_dict()
    assert [name for name, tensor in generator.state_dict().items() if not torch.equal(tensor, read[name])] == []
    assert (loaded.info.name, loaded.info.lr_scale, loaded.info.license) == ("mine", 0.5, "CC0")
    assert (loaded.info.source, loaded.info.embedded) == (path, False)
    assert loaded.info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [file.name for file in tmp_path.iterdir()] == ["mine.safetensors"]


def test_a_copy_of_the_embedded_generator_is_not_embedded(tmp_path: Path) -> None:
    path = tmp_path / "copy"
    save_generator(load_generator("avatars128"), path)
    info = load_generator(path).info
    assert (info.embedded, info.lr_scale) == (False, 0.377)


def test_a_generator_that_states_no_licence(saved: Path) -> None:
    info = load_generator(saved).info
    assert "unknown" in info.license
    assert info.lr_scale is None


def test_half_precision_files_load_in_single(saved: Path) -> None:
    tensors = {name: tensor.half() for name, tensor in load_file(saved).items()}
    save_file(tensors, saved, metadata_of(saved))
    assert {tensor.dtype for tensor in load_generator(saved).state_dict().values()} == {torch.float32}


def test_the_suffix_does_not_matter(saved: Path) -> None:
    renamed = saved.rename(saved.with_suffix(".pkl"))
    assert load_generator(renamed).resolution == (16, 16)


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(
        InputError,
        match=r"ffhq does not exist: give a .safetensors, .pkl, .pt or .pth file of a StyleGAN2 or .*, or .* ffhq1024",
    ):
        load_generator("ffhq")
    with pytest.raises(InputError, match=r"is a folder: give a .safetensors"):
        load_generator(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty: get it again"),
        (b"<html>404</html>", "neither a .safetensors nor a torch.save file nor a pickle: get it again"),
        (b"PK\x03\x04rest", "damaged or cut off"),
        (b"\x40\0\0\0\0\0\0\0{}", r"damaged or cut off"),
        (b"\x02\0\0\0\0\0\0\0{}", r"no StyleGAN2 whose names are known \(.*\): it holds no tensors"),
    ],
)
def test_other_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=f"x.safetensors: .*{message}") as caught:
        load_generator(path)
    assert "\n" not in str(caught.value)


def test_a_large_file_of_another_kind_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").touch()
    os.truncate(tmp_path / "film.mkv", 2**36)
    with pytest.raises(InputError, match=r"film.mkv: neither a .safetensors nor"):
        load_generator(tmp_path / "film.mkv")


def test_truncated_files(saved: Path) -> None:
    data = saved.read_bytes()
    for length in range(1, len(data), len(data) // 40):
        saved.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"damaged or cut off|neither a .safetensors"):
            load_generator(saved)


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("mapping.w_avg", None, "mapping.w_avg missing"),
        ("mapping.extra", torch.ones(1), "mapping.extra unexpected"),
        ("mapping.w_avg", torch.ones(6), r"mapping.w_avg has the shape \[6\] instead of \[5\]"),
        (
            "mapping.w_avg",
            torch.ones(5, dtype=torch.int64),
            "mapping.w_avg does not hold finite floating-point",
        ),
        ("mapping.w_avg", torch.full((5,), torch.inf), "mapping.w_avg does not hold finite floating-point"),
        ("synthesis.b8.resample_filter", torch.ones(4, 4), r"is not the filter \[1, 3, 3, 1\]"),
    ],
)
def test_wrong_tensors(saved: Path, name: str, tensor: torch.Tensor | None, message: str) -> None:
    rewrite(saved, {}, {name: tensor})
    with pytest.raises(InputError, match=f"tiny.safetensors: .*{message}"):
        load_generator(saved)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"img_channels": "1"}, "img_channels is '1'"),
        ({"img_resolution": "64"}, r"synthesis.b32.resample_filter, .* and \d+ more missing"),
        ({"z_dim": "1000000"}, r"mapping.fc0.weight has the shape \[5, 6\] instead of \[5, 1000000\]"),
        ({"lr_scale": "fast"}, "lr_scale is 'fast', not a positive number"),
        ({"lr_scale": "nan"}, "lr_scale is 'nan', not a positive number"),
    ],
)
def test_wrong_metadata(saved: Path, metadata: dict[str, str], message: str) -> None:
    rewrite(saved, metadata, {})
    with pytest.raises(InputError, match=f"tiny.safetensors: .*{message}"):
        load_generator(saved)


def test_saving_where_nothing_can_be_written(make_generator: MakeGenerator, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_generator(make_generator(), tmp_path / "file" / "x.safetensors")


def test_full_disk_leaves_the_old_file(
    make_generator: MakeGenerator, saved: Path, full_disk: Callable[[int], AbstractContextManager[None]]
) -> None:
    before = saved.read_bytes()
    with full_disk(1000), pytest.raises(InputError, match=r"tiny.safetensors cannot be written: File too large"):
        save_generator(make_generator(), saved)
    assert saved.read_bytes() == before


def test_saved_file_can_be_read_by_all_who_can_read_an_ordinary_one(saved: Path, tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    assert saved.stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_file_that_must_not_be_read(saved: Path) -> None:
    saved.chmod(0)
    if os.access(saved, os.R_OK):
        pytest.skip("this user may read everything")
    with pytest.raises(InputError, match=r"tiny.safetensors cannot be read: Permission denied$"):
        load_generator(saved)


def test_loaded_generators_do_not_share_memory(saved: Path) -> None:
    first, second = load_generator(saved), load_generator(saved)
    first.w_avg.zero_()
    assert second.w_avg.any()


def test_a_generator_can_be_described_anew(saved: Path) -> None:
    generator = load_generator(saved)
    generator.info = replace(generator.info, license="CC0")
    save_generator(generator, saved)
    assert load_generator(saved).info.license == "CC0"
