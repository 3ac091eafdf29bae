from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import rsi.generators.lr_scale
from rsi.errors import InputError
from rsi.generators import (
    Generator,
    StyleGAN2Architecture,
    load_generator,
    save_generator,
    select_class,
    step_scale,
    w_rms,
)

MakeGenerator = Callable[..., Generator]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "rsi"


@pytest.fixture
def loaded(make_generator: MakeGenerator, tmp_path: Path) -> Generator:
    save_generator(make_generator(), tmp_path / "tiny.safetensors")
    return load_generator(tmp_path / "tiny.safetensors")


def test_what_is_given_counts_first_then_what_the_file_states(loaded: Generator) -> None:
    loaded.info = replace(loaded.info, lr_scale=0.5)
    measured = w_rms(loaded) / 9.95
    assert step_scale(loaded, 2.0) == 2.0
    assert step_scale(loaded) == 0.5
    assert step_scale(loaded, "auto") == pytest.approx(measured, rel=1e-3)
    loaded.info = replace(loaded.info, lr_scale=None)
    assert step_scale(loaded) == step_scale(loaded, "auto")


def test_the_embedded_generator_measures_what_it_states() -> None:
    generator = load_generator("avatars128")
    assert step_scale(generator, "auto") == pytest.approx(step_scale(generator), rel=0.01)


def test_it_is_measured_once(loaded: Generator, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scale = step_scale(loaded, "auto")
    monkeypatch.setattr(rsi.generators.lr_scale, "w_rms", None)
    assert step_scale(loaded, "auto") == scale
    assert [path.name for path in cache.iterdir()] == [f"{loaded.info.sha256}.lr_scale"]


@pytest.mark.parametrize("content", ["", "fast", "-1", "nan", "inf"])
def test_a_damaged_cache_is_renewed(loaded: Generator, cache: Path, content: str) -> None:
    scale = step_scale(loaded, "auto")
    (path,) = cache.iterdir()
    path.write_text(content)
    assert step_scale(loaded, "auto") == scale
    assert float(path.read_text()) == scale


def test_a_cache_that_cannot_be_written_does_no_harm(
    loaded: Generator, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.parent.mkdir()
    cache.write_text("in the way")
    assert step_scale(loaded, "auto") > 0
    assert "cannot be written" in capsys.readouterr().err


def test_classes_have_scales_of_their_own(make_generator: MakeGenerator, tmp_path: Path, cache: Path) -> None:
    save_generator(
        make_generator(StyleGAN2Architecture(6, 3, 5, 16, 2, channel_base=64, channel_max=8)), tmp_path / "c"
    )
    generator = load_generator(tmp_path / "c")
    scales = {step_scale(select_class(generator, label), "auto") for label in range(3)}
    assert len(scales) == len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("wanted", [0.0, -1.0, float("nan"), float("inf"), "automatic"])
def test_impossible_scales(loaded: Generator, wanted: Any) -> None:
    with pytest.raises(InputError, match=rf"--lr_scale {wanted} is not a positive number: give one, or auto"):
        step_scale(loaded, wanted)


def test_a_generator_whose_codes_are_all_the_same(loaded: Generator) -> None:
    loaded.mapping.w_avg = torch.zeros(5)
    state = {name: torch.zeros_like(tensor) for name, tensor in loaded.mapping.state_dict().items()}
    loaded.mapping.load_state_dict(state)
    loaded.info = replace(loaded.info, sha256="")
    with pytest.raises(InputError, match=r"do not spread \(0.0\): give --lr_scale yourself"):
        step_scale(loaded)
