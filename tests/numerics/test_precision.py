from pathlib import Path

import pytest
import torch
import yaml

from rsi.commands import benchmark, restore
from rsi.commands.main import main
from rsi.numerics.precision import full_precision, network_dtype

SHORT = str(Path(__file__).parents[1] / "conf" / "short.yaml")


def test_networks_follow_autocast_and_the_rest_does_not() -> None:
    x = torch.zeros(1)
    assert network_dtype(x) == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert network_dtype(x) == torch.bfloat16
        with full_precision(x.device):
            assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("precision", ["16-mixed", "16-true", "bf16-true", "64-true"])
def test_other_precisions_are_refused(
    precision: str, jpeg_folder: Path, tiny_generator: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = ["--target_dir", str(jpeg_folder), "--output_dir", str(tmp_path / "out")]
    networks = ["--generator", str(tiny_generator), "--perceptual", "embedded"]
    assert main(["fit", *paths, *networks, "--trainer.precision", precision]) == 2
    message = f"rsi: precision {precision} is not supported: use 32 or bf16"
    assert message in capsys.readouterr().err


def test_one_word_is_enough_wherever_precision_is_named(
    jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    fixed = ["fit", str(jpeg_folder), "--generator", str(tiny_generator), "--perceptual", "embedded", "--config", SHORT]
    runs = {"short": "--precision", "full": "--trainer.precision", "not": "--precision"}
    for (name, option), value in zip(runs.items(), ("bf16", "bf16", "32"), strict=True):
        assert main([*fixed, option, value, "--report", "false", "--output_dir", str(tmp_path / name)]) == 0
    pictures = {name: next((tmp_path / name).glob("*.png")).read_bytes() for name in runs}
    assert pictures["short"] == pictures["full"] != pictures["not"]
    saved = yaml.safe_load((tmp_path / "short/config.yaml").read_text())
    assert saved["trainer"]["precision"] == "bf16-mixed"
    assert restore.make_parser().parse_args(["a.png", "--precision", "bf16"]).precision == "bf16-mixed"
    assert benchmark.make_parser().parse_args(["--clean_dir", "a", "--output_dir", "b"]).precision == "32-true"
    with pytest.raises(SystemExit):
        restore.make_parser().parse_args(["a.png", "--precision", "16"])
