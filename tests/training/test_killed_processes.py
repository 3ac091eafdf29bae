import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


def run(flags: Sequence[object]) -> None:
    subprocess.run([sys.executable, "-m", "rsi", *map(str, flags)], env=ENVIRONMENT, check=True)


def kill_when(flags: Sequence[object], due: Callable[[], bool]) -> None:
    """Start a run and kill it with all its processes as soon as something has happened."""
    process = subprocess.Popen([sys.executable, "-m", "rsi", *map(str, flags)], env=ENVIRONMENT, start_new_session=True)
    while process.poll() is None and not due():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


def files(folder: Path, pattern: str) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob(pattern)}


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    common = ["fit", "--config", SHORT, "--generator", tiny_generator, "--target_dir", jpeg_folder, "--batch_size", 1]
    common += ["--trainer.accelerator", "cpu", "--trainer.devices", 2, "--checkpoint.every_seconds", 0]
    run([*common, "--output_dir", whole])
    kill_when([*common, "--output_dir", killed], lambda: any(killed.glob("records/*.json")))
    run([*common, "--output_dir", killed])
    assert files(killed, "*.png") == files(whole, "*.png")
    assert len(files(killed, "*.safetensors")) == 3


@pytest.mark.slow
def test_benchmark_that_was_killed_goes_on(jpeg_folder: Path, tiny_generator: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    common = ["benchmark", "--clean_dir", jpeg_folder, "--generator", tiny_generator, "--perceptual", "embedded"]
    common += ["--tasks", "denoising:M,deartifacting:M", "--methods", SHORT, "--batch_size", 2]
    run([*common, "--output_dir", whole])
    kill_when([*common, "--output_dir", killed], lambda: any(killed.rglob("records/*.json")))
    run([*common, "--output_dir", killed])
    assert files(killed, "*.png") == files(whole, "*.png")
    assert (killed / "table.md").read_bytes() == (whole / "table.md").read_bytes()
