from pathlib import Path

import pytest
import torch

from rsi.commands.main import main
from rsi.numerics.precision import full_precision, network_dtype


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
    message = f"rsi: precision {precision} is not supported: use 32 or bf16-mixed"
    assert message in capsys.readouterr().err
