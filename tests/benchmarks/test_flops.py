import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "flops.py"


def _count(side: int) -> list[float]:
    command = [sys.executable, str(SCRIPT), "--side", str(side)]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [float(line.split(" | ")[2].strip(" |")) for line in output.splitlines() if line.startswith("| W")]


@pytest.mark.slow
def test_operations_of_forward_and_backward_are_counted() -> None:
    w, w_plus, w_plus_plus = _count(128)
    assert w == w_plus < w_plus_plus
    vgg16_on_128_px = 2 * 15.35e9 * (128 / 224) ** 2 / 1e12  # 15.35 G multiplications with additions at 224 px
    assert w > 2 * 4 / 3 * vgg16_on_128_px  # forward and backward, and the smaller levels
