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
    assert list(averages.at(10)) == [("W+", "total", 1.0)]


def test_file_keeps_them(tmp_path: Path) -> None:
    averages = StepAverages()
    averages.add(0, "W", {"total": [1.0, 2.0]})
    averages.images = 2
    averages.write(tmp_path / "kept.json")
    again = StepAverages.read(tmp_path / "kept.json")
    again.add(0, "W", {"total": [6.0]})
    assert (again.images, list(again.all())) == (2, [(0, "W", "total", 3.0)])


@pytest.mark.parametrize("text", ["", "[]", '{"images": 1}', '{"images": 1, "sums": [[0]]}'])
def test_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "kept.json").write_text(text)
    assert StepAverages.read(tmp_path / "kept.json").images == 0
    assert StepAverages.read(tmp_path / "missing.json").images == 0
