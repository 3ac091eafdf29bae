from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.commands.main import main
from rsi.generators import Generator, StyleGAN2Architecture, load_generator, save_generator
from rsi.results.folder import ResultFolder

SHORT = """
perceptual: embedded
model:
  schedule:
    - {space: W, steps: 1, lr: 0.08}
    - {space: W++, steps: 1, lr: 0.005}
"""


@pytest.fixture
def conditional(tmp_path: Path) -> Path:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator(StyleGAN2Architecture(8, 3, 8, 32, 2, channel_base=256, channel_max=16))
    save_generator(generator, tmp_path / "conditional.safetensors")
    return tmp_path / "conditional.safetensors"


@pytest.fixture
def command(jpeg_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    for name in ("RSI_OFFLINE", "RSI_ALLOW_UNVERIFIED", "RSI_COLOR_ORDER", "RSI_CONV_CLAMP"):
        monkeypatch.setenv(name, "")
    (tmp_path / "short.yaml").write_text(SHORT)
    target, output = ["--target_dir", str(jpeg_folder)], ["--output_dir", str(tmp_path / "out")]
    return ["fit", "--config", str(tmp_path / "short.yaml"), *target, *output, "--trainer.accelerator", "cpu"]


def test_a_class_of_a_conditional_generator(command: list[str], conditional: Path, tmp_path: Path) -> None:
    assert main([*command, "--generator", str(conditional), "--class_label", "2", "--lr_scale", "auto"]) == 0
    assert [row.status for row in ResultFolder(tmp_path / "out").rows()] == ["restored"] * 3


def test_what_is_said_of_a_generator_belongs_to_the_results(
    command: list[str], tmp_path: Path, tiny_generator: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save(load_generator(tiny_generator).state_dict(), tmp_path / "x.pt")
    said, fit = ["--color_order", "bgr", "--conv_clamp", "256"], [*command, "--generator", str(tmp_path / "x.pt")]
    assert main([*fit, *said]) == 0
    render = ["render", str(tmp_path / "out/latents/a.safetensors"), str(tmp_path / "again.png")]
    assert main(render) == 2
    assert "color_order bgr, conv_clamp 256, and that of" in capsys.readouterr().err
    assert main([*render, *said]) == 0
    with Image.open(tmp_path / "again.png") as again, Image.open(tmp_path / "out/a.png") as restored:
        assert again.tobytes() == restored.tobytes()
    assert main(fit) == 2
    assert "holds results of another generator" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--generator", "CONDITIONAL"], "has 3 classes, and its mean code mixes them: choose one with --class_label"),
        (["--generator", "CONDITIONAL", "--class_label", "3"], "has 3 classes: give --class_label 0 to 2, not 3"),
        (["--class_label", "0"], "the generator avatars128 has no classes: leave out --class_label 0"),
        (["--generator", "ffhq1024", "--offline"], "ffhq.pkl is missing and downloads are switched off: put the file"),
        (["--generator", "afhqcat512"], "give --allow-unverified to trust the file"),
        (["--generator", "afhqcat512", "--offline", "--allow-unverified"], "afhqcat.pkl is missing and downloads"),
        (["--lr_scale", "0"], "--lr_scale 0.0 is not a positive number"),
    ],
)
def test_what_cannot_be_used(
    command: list[str], conditional: Path, capsys: pytest.CaptureFixture[str], flags: list[str], message: str
) -> None:
    assert main([*command, *(str(conditional) if flag == "CONDITIONAL" else flag for flag in flags)]) == 2
    assert message in capsys.readouterr().err
