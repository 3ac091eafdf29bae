from math import inf, nan
from pathlib import Path

import pytest

from rsi.callbacks.tensorboard_scalars import StepAverages


def test_average_is_over_all_images_and_leaves_out_what_is_not_finite() -> None:
    averages = StepAverages()
    averages.add(0, "W", {"total": [1.0, 2.0]})
    averages.add(0, "W", {"total": [6.0, nan], "l1": [inf]})
    averages.add(10, "W+", {"total": [1.0]})
    assert list(averages.all()) == [(0, "W", "total", 3.0), (10, "W+", "total", 1.0)]


def test_file_keeps_them(tmp_path: Path) -> None:
    averages = StepAverages()
    averages.add(0, "W", {"total": [1.0, 2.0]})
    averages.write(tmp_path / "kept.json")
    again = StepAverages.read(tmp_path / "kept.json")
    again.add(0, "W", {"total": [6.0]})
    assert list(again.all()) == [(0, "W", "total", 3.0)]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sums": [[0]]}'])
def test_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.json").write_text(text)
    assert not list(StepAverages.read(tmp_path / "kept.json").all())
    assert not list(StepAverages.read(tmp_path / "missing.json").all())
