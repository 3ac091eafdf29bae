import csv
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.commands.main import main

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("processes", [2, 4])
def test_processes_share_the_images_and_change_nothing(
    processes: int, jpeg_folder: Path, tiny_generator: Path, tmp_path: Path
) -> None:
    common = ["fit", "--config", str(SHORT), "--generator", str(tiny_generator), "--target_dir", str(jpeg_folder)]
    (jpeg_folder / "d.png").write_text("no picture")
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    assert main([*common, "--output_dir", str(alone), "--batch_size", "1"]) == 1
    several = ["--trainer.accelerator", "cpu", "--trainer.devices", str(processes), "--output_dir", str(shared)]
    done = subprocess.run([sys.executable, "-m", "rsi", *common, *several, "--batch_size", "1"], check=False)
    assert done.returncode == 1
    for name in "abc":
        assert (shared / f"{name}.png").read_bytes() == (alone / f"{name}.png").read_bytes()
    with (shared / "results.csv").open(newline="") as file:
        statuses = {row["file"]: row["status"] for row in csv.DictReader(file)}
    assert statuses == {"a.jpg": "restored", "b.jpg": "restored", "c.jpg": "restored", "d.png": "failed"}
