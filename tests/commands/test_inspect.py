import pickle
from pathlib import Path

import pytest
import torch

from rsi.commands.main import main
from rsi.generators import Architecture, Generator, save_generator


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for name in ("RSI_OFFLINE", "RSI_ALLOW_UNVERIFIED"):
        monkeypatch.setenv(name, "")


def facts(printed: str) -> dict[str, str]:
    return {line[:13].strip(): line[14:] for line in printed.splitlines()}


def test_a_generator(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "tiny.bin"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_generator(Generator(Architecture(8, 4, 6, 32, 2, channel_base=256, channel_max=16, conv_clamp=256)), path)
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
        (pickle.dumps({"G_ema": 1}), "NVIDIA pickle", "not stored as a network module"),
        (b"PK\3\4", "rosinality state dict", "damaged or cut off"),
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


def test_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", str(tmp_path)]) == 2
    assert "is not a file: give a generator file, or a name that rsi generators lists" in capsys.readouterr().err


def test_flags_of_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "cifar10"]) == 2
    assert "give --allow-unverified" in capsys.readouterr().err
    assert main(["inspect", "cifar10", "--offline", "--allow-unverified"]) == 2
    assert "cifar10.pkl is missing and downloads are switched off" in capsys.readouterr().err
