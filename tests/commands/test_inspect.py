import pickle
from pathlib import Path

import pytest
import torch
from stylegan2_files import mmgeneration

from rsi.commands.main import main
from rsi.generators import Generator, StyleGAN2Architecture, save_generator


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for name in ("RSI_OFFLINE", "RSI_ALLOW_UNVERIFIED", "RSI_COLOR_ORDER", "RSI_CONV_CLAMP"):
        monkeypatch.setenv(name, "")


def facts(printed: str) -> dict[str, str]:
    return {line[:13].strip(): line[14:] for line in printed.splitlines()}


def test_a_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny.bin"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_generator(
            Generator(StyleGAN2Architecture(8, 4, 6, 32, 2, channel_base=256, channel_max=16, conv_clamp=256)), path
        )
    assert main(["inspect", str(path)]) == 0
    found = facts(capsys.readouterr().out)
    assert found["file"] == f"{path}, {path.stat().st_size} bytes"
    assert found["SHA-256"].endswith(", not one of the zoo")
    assert found["format"] == "safetensors of rsi"
    assert found["resolution"] == "32 px"
    assert found["z_dim, w_dim"] == "8, 6"
    assert found["mapping"] == "2 layers"
    assert found["classes"] == "4: give --class_label 0 to 3"
    assert found["channels"] == "16 at 4, 16 at 8, 16 at 16, 8 at 32"
    assert found["num_ws"] == "8 style slots, 99 codes in W++"
    assert found["conv_clamp"] == "256.0"
    assert "unknown" in found["licence"]
    assert found["lr_scale"].endswith("(measured)")
    assert found["can be used"] == f"yes: rsi fit --generator {path}"


def test_the_embedded_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "avatars128"]) == 0
    found = facts(capsys.readouterr().out)
    assert found["lr_scale"] == "0.377 (stated; 0.376 measured)"
    assert found["w_rms"].startswith("3.74")


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (b"<html>", "unknown", "neither a .safetensors nor a torch.save file nor a pickle"),
        (pickle.dumps({"G_ema": 1}), "pickle", "not stored as a network module"),
        (b"PK\3\4", "torch.save", "damaged or cut off"),
    ],
)
def test_files_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, kind: str, reason: str
) -> None:
    path = tmp_path / "x.pkl"
    path.write_bytes(content)
    assert main(["inspect", str(path)]) == 1
    found = facts(capsys.readouterr().out)
    assert found["format"].startswith(kind)
    assert found["can be used"].startswith("no: ")
    assert reason in found["can be used"]


def test_what_was_taken_assumed_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = mmgeneration(Generator(StyleGAN2Architecture(8, 0, 8, 16, 2, channel_base=64, channel_max=8)).state_dict())
    weights = {f"generator_ema.{name}": tensor for name, tensor in state.items()}
    torch.save({"meta": {"iter": 3}, "state_dict": weights}, tmp_path / "x.pth")
    assert main(["inspect", str(tmp_path / "x.pth")]) == 0
    found = facts(capsys.readouterr().out)
    assert found["format"] == "MMGeneration state dict (torch.save)"
    assert found["network"] == "state_dict, generator_ema.*"
    assert found["assumed"] == (
        "w_avg not in the file: computed from random codes; "
        "color_order bgr, as trainings of MMGeneration draw: give --color_order rgb if red and blue are exchanged; "
        "conv_clamp none: the file does not say; give --conv_clamp 256 for a StyleGAN2-ADA that was trained with "
        "16 bits"
    )
    assert "said" not in found
    assert main(["inspect", str(tmp_path / "x.pth"), "--color-order", "rgb", "--conv_clamp", "256"]) == 0
    found = facts(capsys.readouterr().out)
    assert found["assumed"] == "w_avg not in the file: computed from random codes"
    assert found["said"] == "color_order rgb, conv_clamp 256"
    assert found["conv_clamp"] == "256.0"
    with pytest.raises(SystemExit, match="2"):
        main(["inspect", str(tmp_path / "x.pth"), "--conv_clamp", "0"])
    assert "--conv_clamp: conv_clamp 0 is neither a positive number such as 256 nor none" in capsys.readouterr().err


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 2
    assert "is not a file: give a generator file, or a name that rsi generators lists" in capsys.readouterr().err


def test_flags_of_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "cifar10"]) == 2
    assert "give --allow-unverified" in capsys.readouterr().err
    assert main(["inspect", "cifar10", "--offline", "--allow-unverified"]) == 2
    assert "cifar10.pkl is missing and downloads are switched off" in capsys.readouterr().err
