import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu.py"


@pytest.mark.slow
def test_the_same_command_runs_on_a_cpu_at_a_small_size() -> None:
    small = ["--device", "cpu", "--generator", "avatars128", "--batch_sizes", "1,2", "--steps", "1", "--literal"]
    output = subprocess.run([sys.executable, str(SCRIPT), *small], capture_output=True, text=True, check=True).stdout
    rows = [line.split("|") for line in output.splitlines() if line.startswith("| ")]
    equal = {row[1].strip(): row[4].strip() for row in rows if row[4].strip() in ("holds", "EXCEEDED")}
    assert equal == {"32-true": "holds", "bf16-mixed": "holds"}
    steps = [row for row in rows if row[3].strip() in ("W", "W+", "W++")]
    assert len(steps) == 2 * 2 * 3
    assert all(float(row[column]) > 0 for row in steps for column in (4, 5, 6, 7, 8))
    recipes = [row for row in rows if row[3].strip() in ("default", "fast", "preview")]
    assert [row[4].strip() for row in recipes] == ["450", "142", "142"] * 4
    assert [row[6].strip() for row in recipes[::3]] == ["1.00"] * 4
    assert [[cell.strip() for cell in (row[1], row[2], row[4])] for row in rows[-2:]] == [
        ["1", "2", "0"],
        ["2", "2", "0"],
    ]
    assert "torch.compile of the generator" in output
    assert "CUDA graphs need CUDA" in output
