from pathlib import Path

import pytest
import torch
from damages import Damage
from PIL import Image

import rsi
from rsi.commands.main import main
from rsi.errors import InputError
from rsi.results.folder import ResultFolder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture
def photographs(tmp_path: Path, damaged: Damage) -> Path:
    """Drawings, each damaged in another way, as files."""
    folder = tmp_path / "targets"
    folder.mkdir()
    texts = {"jpeg": "jpeg:quality=12", "noise": "noise:k_p=23.9,k_b=0.16", "clean": "", "small": "upsample:factor=4"}
    for name, text in texts.items():
        pixels = damaged(text)[0].pixels.astype("uint8").transpose(1, 2, 0)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def fit(folder: Path, output: Path, *flags: str) -> dict[str, str]:
    command = ["fit", str(folder), "--config", str(SHORT), "--output_dir", str(output), "--report", "false", *flags]
    assert main(command) == 0
    return {row.file: row.parameters for row in ResultFolder(output).rows()}


def test_every_target_has_its_own_damages(photographs: Path, tmp_path: Path) -> None:
    found = fit(photographs, tmp_path / "out", "--degradation", "auto")
    assert found["clean.png"] == "found=nothing factor=1"
    assert found["jpeg.png"].startswith("found=jpeg:quality=12 known=exact quality=12")
    assert found["noise.png"].startswith("found=noise:k_p=2")
    assert "factor=4" in found["small.png"]


def test_a_batch_of_different_damages_is_its_single_images(photographs: Path, tmp_path: Path) -> None:
    fit(photographs, tmp_path / "together", "--degradation", "auto")
    fit(photographs, tmp_path / "alone", "--degradation", "auto", "--batch_size", "1")
    for name in ("jpeg", "noise", "clean", "small"):
        together, alone = ((tmp_path / run / f"{name}.png").read_bytes() for run in ("together", "alone"))
        assert together == alone


def test_what_is_exact_is_restored_as_if_it_had_been_said(photographs: Path, tmp_path: Path) -> None:
    fit(photographs / "jpeg.png", tmp_path / "auto", "--degradation", "auto")
    fit(photographs / "jpeg.png", tmp_path / "said", "--degradation", "jpeg:quality=12")
    assert (tmp_path / "auto/jpeg.png").read_bytes() == (tmp_path / "said/jpeg.png").read_bytes()


def test_it_needs_targets() -> None:
    with pytest.raises(InputError, match="auto finds damages in targets: bind it to some"):
        rsi.Restoration(degradation="auto").degradation(torch.zeros(1, 3, 8, 8), None)
