import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "start_up.py"


@pytest.mark.slow
def test_every_program_has_a_row_of_numbers() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--rounds", "1"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    rows = [line.strip("| ").split(" | ") for line in done[2:]]
    assert len(rows) == 13
    assert all(float(number) >= 0 for row in rows for number in row[1:])
