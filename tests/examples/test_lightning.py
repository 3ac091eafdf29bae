"""The programs that a user of Lightning copies, each run as it is, with a small generator and few steps."""

import functools
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import rsi
from rsi.results.folder import ResultFolder

EXAMPLES = Path(__file__).parents[2] / "examples"
SCHEDULE = [rsi.Phase("W", 2, 0.08), rsi.Phase("W+", 1, 0.02)]
SITE = """
import functools, rsi
rsi.Restoration = functools.partial(
    rsi.Restoration, {generator!r}, perceptual="embedded", schedule=[rsi.Phase("W", 2, 0.08)]
)
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def small(tiny_generator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The method has other defaults."""
    small = functools.partial(rsi.Restoration, str(tiny_generator), perceptual="embedded", schedule=SCHEDULE)
    monkeypatch.setattr(rsi, "Restoration", small)


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")


def restored(folder: str) -> list[str]:
    return [row.file for row in ResultFolder(folder).rows() if row.is_done]


@pytest.mark.usefixtures("small")
def test_bare_trainer(jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, "bare_trainer.py", str(jpeg_folder), "out")
    assert restored("out") == ["a.jpg", "b.jpg", "c.jpg"]


@pytest.mark.usefixtures("small")
def test_logger_of_ones_own(
    jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "custom_logger.py", str(jpeg_folder), "out")
    told = capsys.readouterr().out
    assert "'perceptual': 'embedded'" in told
    assert "'fidelity'" in told
    steps = {"W": 1, "W+": 2, "whole_path": 2}
    pictures = {f"{step} image {name}.jpg {what}.png" for name in "abc" for what, step in steps.items()}
    assert pictures <= {path.name for path in Path().iterdir()}


@pytest.mark.usefixtures("small")
def test_predict(jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run(monkeypatch, "predict.py", str(jpeg_folder))
    lines = [line for line in capsys.readouterr().out.splitlines() if "fidelity" in line]
    assert [line.partition(",")[0] for line in lines] == [f"{name}.jpg: (3" for name in "abc"]


def test_module_of_ones_own_on_the_command_line(jpeg_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--data.target_dir", str(jpeg_folder), "--data.output_dir", "out", "--data.fit", "pad"]
    model = ["--model.degradation", "upsample:factor=4", "--model.steps", "1", "--trainer.accelerator", "cpu"]
    run(monkeypatch, "lightning_cli.py", "fit", *options, *model)
    assert restored("out") == ["a.jpg", "b.jpg", "c.jpg"]
    assert next(Path("lightning_logs").rglob("config.yaml")).read_text().count("steps: 1\n") == 1


@pytest.mark.slow
def test_several_devices(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SITE.format(generator=str(tiny_generator)))
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    command = [sys.executable, str(EXAMPLES / "several_gpus.py"), str(jpeg_folder), "out", "2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert restored("out") == ["a.jpg", "b.jpg", "c.jpg"]
