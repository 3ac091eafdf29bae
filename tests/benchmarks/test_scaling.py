import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


@pytest.mark.slow
def test_table_has_a_row_for_each_number_of_processes() -> None:
    command = [sys.executable, str(SCRIPT), "--processes", "1,2", "--images", "1", "--steps", "1"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(" | ") for line in output.splitlines() if line.startswith(("| 1", "| 2"))]
    assert [(row[0], row[1]) for row in rows] == [("| 1", "1"), ("| 2", "2")]
    assert all(float(row[3]) > 0 for row in rows)
