import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_table_has_a_row_for_each_phase_and_the_peak_memory() -> None:
    command = [sys.executable, str(SCRIPTS / "step.py"), "--threads", "1", "--steps", "1", "--naive"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = [line.split(" | ") for line in output.splitlines() if line.startswith("| W")]
    assert [row[0] for row in rows] == ["| W", "| W+", "| W++"]
    assert all(float(value.strip(" |")) > 0 for row in rows for value in row[1:])
    assert "peak memory of the product 0." in output


@pytest.mark.parametrize("space", ["W", "W+", "W++"])
def test_literal_loop_draws_and_compares_as_the_product(space: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from literal_step import LiteralGenerator, literal_distance

    from rsi.generators import load_generator
    from rsi.methods.restoration import expand
    from rsi.perceptual import EmbeddedDistance

    generator = load_generator("avatars128")
    z = torch.randn(2, 64, generator=torch.Generator().manual_seed(0))
    codes = expand(generator.mapping(z), space, generator.filters)  # type: ignore[arg-type]
    images = generator.synthesis(codes)
    torch.testing.assert_close(LiteralGenerator(generator, False)(codes), images, atol=1e-4, rtol=0)
    distance = EmbeddedDistance()
    other = images.flip(0)
    torch.testing.assert_close(literal_distance(distance, False)(images, other), distance(images, other))
