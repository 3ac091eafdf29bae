import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rsi.commands.main import main

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"
Fit = Callable[..., int]


@pytest.fixture
def fit(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> Fit:
    def run(output: str, *flags: str) -> int:
        given = {
            "--config": SHORT,
            "--target_dir": jpeg_folder,
            "--output_dir": tmp_path / output,
            "--generator": tiny_generator,
            "--perceptual": "embedded",
        }
        return main(["fit", *(str(text) for pair in given.items() for text in pair), "--report", "false", *flags])

    return run


def _rows(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "results.csv").open(newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


def test_samples_differ_and_where_they_do_is_drawn(fit: Fit, tmp_path: Path) -> None:
    assert fit("one", "--batch_size", "1") == 0
    assert fit("three", "--batch_size", "1", "--samples", "3") == 0
    names = sorted(_rows(tmp_path / "one"))
    rows = _rows(tmp_path / "three")
    assert sorted(rows) == sorted(name + suffix for name in names for suffix in ("", "~2", "~3"))
    for name in names:
        files = [tmp_path / "three" / rows[name + suffix]["output"] for suffix in ("", "~2", "~3")]
        assert files[0].read_bytes() == (tmp_path / "one" / rows[name]["output"]).read_bytes()
        pictures = np.stack([np.asarray(Image.open(file), float) for file in files]) / 255
        spread = pictures.std(0)
        assert (spread.max((0, 1)) > 0).all()
        expected = np.sqrt((spread**2).mean(-1)).mean()
        assert float(rows[name]["disagreement"]) == pytest.approx(expected, abs=1e-5)
        drawing = tmp_path / "three" / "disagreement" / f"{Path(name).stem}.png"
        assert Image.open(drawing).width > 4 * pictures.shape[2]


def test_more_samples_later_leave_the_first_ones_alone(fit: Fit, tmp_path: Path) -> None:
    fit("all", "--batch_size", "1", "--samples", "3")
    fit("grown", "--batch_size", "1", "--samples", "2")
    first = {path: path.stat().st_mtime_ns for path in (tmp_path / "grown").glob("*.png")}
    fit("grown", "--batch_size", "1", "--samples", "3")
    assert first == {path: path.stat().st_mtime_ns for path in (tmp_path / "grown").glob("*.png")}
    for path in (tmp_path / "all" / "disagreement").iterdir():
        assert path.read_bytes() == (tmp_path / "grown" / "disagreement" / path.name).read_bytes()


def test_a_map_that_is_missing_is_drawn_by_the_next_run(fit: Fit, tmp_path: Path) -> None:
    fit("out", "--samples", "2")
    before = {path.name: path.read_bytes() for path in (tmp_path / "out" / "disagreement").iterdir()}
    shutil.rmtree(tmp_path / "out" / "disagreement")
    fit("out", "--samples", "2")
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out" / "disagreement").iterdir()}


def test_no_samples_are_refused(fit: Fit, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("out", "--samples", "0") == 2
    assert "samples is 0: it must be at least 1" in capsys.readouterr().err


def test_samples_restored_anew_are_this_run_s(fit: Fit, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fit("out", "--samples", "2")
    assert fit("out", "--samples", "2", "--overwrite") == 0
    assert "6 restored; 0:" in capsys.readouterr().out
