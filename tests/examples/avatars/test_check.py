from pathlib import Path

import numpy as np
import pytest
import torch

from examples.avatars import check
from examples.avatars.check import TASKS, Weights, check_weights, reconstruct, restore, write_targets
from examples.avatars.export import export_perceptual
from examples.avatars.perceptual import embedded_network
from examples.avatars.settings import ARCHITECTURE, Settings
from rsi.data.reading import read_picture
from rsi.errors import InputError
from rsi.generators import Generator, save_generator
from rsi.generators.info import GeneratorInfo

SHIPPED = Weights("avatars128", "embedded")
EXAMPLES = Path(__file__).parents[3] / "examples"


def faces(count: int) -> torch.Tensor:
    paths = sorted((EXAMPLES / "clean").glob("*.png"))[:count]
    return torch.stack([read_picture(path).rgb for path in paths])


@pytest.mark.parametrize("task", TASKS)
def test_targets_of_every_task_are_the_same_every_time(task: str, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_targets(faces(1), task, tmp_path / name)
    (first,), (again,) = ([path.read_bytes() for path in (tmp_path / name).iterdir()] for name in ("a", "b"))
    assert first == again


def test_codes_that_are_fitted_longer_draw_better() -> None:
    assert reconstruct(SHIPPED, faces(1), steps=6) > reconstruct(SHIPPED, faces(1), steps=1) + 1


def test_a_restoration_that_failed_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="rsi fit could not restore"):
        restore(SHIPPED, faces(1), "jpeg", tmp_path / "empty", tmp_path / "out")


@pytest.mark.slow
def test_untrained_weights_are_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(check, "TASKS", {"upsample": "upsampling 8x"})
    monkeypatch.setattr(check, "RECONSTRUCTION_STEPS", 10)
    settings = Settings(tmp_path)
    np.save(tmp_path / "held_out.npy", (faces(1) * 255).byte().permute(0, 2, 3, 1).numpy())
    untrained = Generator(ARCHITECTURE, GeneratorInfo(lr_scale=0.4))
    save_generator(untrained, settings.generator_file)
    export_perceptual(embedded_network(), settings.perceptual_file)
    check_weights(settings)
    *_, row = (tmp_path / "check.md").read_text().splitlines()
    shipped, remade = (float(cell) for cell in row.split("|")[2:4])
    assert row.startswith("| upsampling 8x")
    assert shipped > 23
    assert remade < shipped - 2
    assert "dB worse at most: train longer" in capsys.readouterr().err
