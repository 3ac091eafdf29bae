from pathlib import Path

import pytest
import torch

SCRIPTS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_backward_counts_as_much_as_forward(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import flops

    module = flops.build(tmp_path, 64)
    module.begin_batch([flops.jpeg_target(64)])
    module.begin_phase(module.schedule[0])
    with torch.no_grad():
        forward = flops.count(lambda: module.losses(0))
    assert flops.count_step(module, 0) == pytest.approx(2 * forward, rel=0.05)
