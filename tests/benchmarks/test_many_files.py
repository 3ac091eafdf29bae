import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "many_files.py"


@pytest.mark.slow
def test_every_part_of_the_work_has_a_row_of_numbers() -> None:
    command = [sys.executable, str(SCRIPT), "--files", "1000"]
    rows = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[4:]
    assert [row.split(" | ")[0] for row in rows] == [
        "| listing to the first batch",
        "| listing all",
        "| reading the record of each",
        "| the table",
        "| writing 1000 records",
    ]
    assert all(float(number) >= 0 for row in rows for number in row.strip("| ").split(" | ")[1:3])
