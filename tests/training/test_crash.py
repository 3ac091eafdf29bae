import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from rsi.data.pictures import to_picture

TESTS = Path(__file__).parents[1]
SCHEDULE = """
model:
  schedule:
    - {space: W, steps: 8, lr: 0.08}
    - {space: W+, steps: 8, lr: 0.02}
    - {space: W++, steps: 8, lr: 0.005}
perceptual: embedded
"""


def results(folder: Path) -> dict[Path, bytes]:
    paths = (path for path in folder.rglob("*") if path.suffix in (".png", ".safetensors"))
    return {path.relative_to(folder): path.read_bytes() for path in paths}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_killed_at_twenty_random_moments(tiny_generator: Path, tmp_path: Path) -> None:
    targets, output = tmp_path / "targets", tmp_path / "out"
    targets.mkdir()
    for index, image in enumerate(torch.rand(7, 3, 4, 4, generator=torch.Generator().manual_seed(0))):
        picture = to_picture(image).resize((32, 32), Image.Resampling.BICUBIC)
        picture.save(targets / f"{index}.jpg", quality=30)
    (tmp_path / "config.yaml").write_text(SCHEDULE)
    flags = ["--config", tmp_path / "config.yaml", "--generator", tiny_generator, "--target_dir", targets]
    frequent = ["--batch_size", "3", "--checkpoint.every_seconds", "0"]
    command = [sys.executable, str(TESTS / "crash.py"), "20", str(output), *map(str, flags), *frequent]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(TESTS.parent)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    runs = [line.split() for line in done.stdout.splitlines() if line.startswith("killed-")]
    assert sum(int(kills) for _, kills, _ in runs) >= 20
    assert {status for _, _, status in runs} == {"0"}
    assert len(results(output / "whole")) == 28
    for name, _, _ in runs:
        assert results(output / name) == results(output / "whole"), name
    assert not list(output.rglob(".partial-*"))
