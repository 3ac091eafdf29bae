import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import DDPMScheduler

from rsi.errors import InputError
from rsi.methods.ddrm_prior import CONFIG, SCHEDULER, WEIGHTS, alphas_cumprod, load_prior


@pytest.fixture
def prior(tiny_prior: Path, tmp_path: Path) -> Path:
    """A prior whose files may be damaged."""
    return Path(shutil.copytree(tiny_prior, tmp_path / "prior"))


def test_noise_schedule_is_that_of_ddpm() -> None:
    torch.testing.assert_close(alphas_cumprod().float(), DDPMScheduler().alphas_cumprod)


def test_loaded_prior_is_the_saved_network(tiny_prior: Path) -> None:
    prior = load_prior(tiny_prior)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    timesteps = torch.tensor([3, 700])
    assert prior.resolution == (32, 32)
    assert torch.equal(prior(x, timesteps), prior.unet(x, timesteps).sample)
    assert not any(p.requires_grad for p in prior.parameters())


def test_folded_network_works_at_twice_its_own_size(save_prior: Any) -> None:
    prior = load_prior(save_prior(in_channels=12, out_channels=12))
    assert prior.resolution == (64, 64)
    assert prior(torch.zeros(1, 3, 64, 64), torch.zeros(1).long()).shape == (1, 3, 64, 64)


def test_checksum_is_that_of_the_weights(tiny_prior: Path, save_prior: Any) -> None:
    other = save_prior(block_out_channels=(8, 12))
    assert load_prior(tiny_prior).sha256 == load_prior(tiny_prior).sha256 != load_prior(other).sha256


def test_half_precision_files_are_read_as_float32(tiny_prior: Path, tmp_path: Path) -> None:
    load_prior(tiny_prior).unet.half().save_pretrained(tmp_path / "half")
    assert {p.dtype for p in load_prior(tmp_path / "half").parameters()} == {torch.float32}


def test_scheduler_beside_the_network_may_agree(prior: Path) -> None:
    DDPMScheduler().save_pretrained(prior)
    load_prior(prior)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none does not exist: give the folder of a diffusers UNet2DModel"):
        load_prior(tmp_path / "none")


def test_file_is_no_folder(prior: Path) -> None:
    with pytest.raises(InputError, match=r"config\.json is a file: give the folder"):
        load_prior(prior / CONFIG)


def test_pickled_weights_are_not_read(prior: Path) -> None:
    (prior / WEIGHTS).rename(prior / "diffusion_pytorch_model.bin")
    with pytest.raises(InputError, match=f"it has no {WEIGHTS}: save the network with"):
        load_prior(prior)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (CONFIG, "{", "config.json cannot be read"),
        (CONFIG, "[]", "config.json holds no settings"),
        (CONFIG, '{"_class_name": "VQModel"}', "config.json is that of a VQModel: give the folder of a UNet2DModel"),
        (WEIGHTS, "cut off", "it is damaged"),
        (SCHEDULER, '{"beta_schedule": "cosine"}', "beta_schedule in scheduler_config.json is cosine: DDRM works with"),
        (SCHEDULER, '{"prediction_type": "sample"}', "prediction_type in scheduler_config.json is sample"),
    ],
)
def test_what_cannot_be_used_is_named(prior: Path, name: str, text: str, message: str) -> None:
    (prior / name).write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        load_prior(prior)
    assert str(prior) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("in_channels", 4, "takes 4 channels and gives 3: both must be 3"),
        ("block_out_channels", [8, 16], "it is damaged"),
        ("sample_size", None, "sample_size in config.json is None: write the side"),
    ],
)
def test_settings_that_do_not_fit_are_named(prior: Path, setting: str, value: Any, message: str) -> None:
    config = json.loads((prior / CONFIG).read_text())
    (prior / CONFIG).write_text(json.dumps({**config, setting: value}))
    if setting == "in_channels":
        _widen_input(prior)
    with pytest.raises(InputError, match=message):
        load_prior(prior)


def _widen_input(prior: Path) -> None:
    from safetensors.torch import load_file, save_file

    tensors = load_file(prior / WEIGHTS)
    weight = tensors["conv_in.weight"]
    save_file({**tensors, "conv_in.weight": weight.new_zeros(8, 4, 3, 3)}, prior / WEIGHTS, {"format": "pt"})


def test_missing_library_is_named(tiny_prior: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(InputError, match=r"takes the library diffusers: pip install 'rsi\[ddrm\]'"):
        load_prior(tiny_prior)


def test_a_prior_has_to_be_given() -> None:
    with pytest.raises(InputError, match="there is no diffusion prior: give --prior and the folder"):
        load_prior("")
