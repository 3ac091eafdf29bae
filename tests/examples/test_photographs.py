import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsi.commands.main import main

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples/photographs"


def test_the_command_of_the_readme_restores_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (command,) = re.findall(r"^rsi (restore examples/photographs .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    recipe = tmp_path / "first.yaml"
    recipe.write_text("model: {schedule: [{space: W, steps: 25, lr: 0.8, final_lr: 0.2, top_level: never}]}")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    assert main([*shlex.split(command), "--config", str(recipe)]) == 0
    told = capsys.readouterr().err
    assert (
        "astronaut.jpg: 384x384 pixels, and this generator takes 128, 64, 32, 16 and smaller parts: it is copied"
        in told
    )
    out = tmp_path / "out"
    assert (out / "astronaut.jpg").read_bytes() == (FOLDER / "astronaut.jpg").read_bytes()
    for name, of in (("drawing.jpg", "face_000.png"), ("grainy.png", "face_003.png")):
        clean = Image.open(ROOT / "examples/clean" / of)
        assert _error(Image.open(out / name), clean) < _error(Image.open(FOLDER / name), clean)


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 300_000


def _error(image: Image.Image, other: Image.Image) -> float:
    return float(np.square(np.asarray(image.convert("RGB"), float) - np.asarray(other.convert("RGB"), float)).mean())
