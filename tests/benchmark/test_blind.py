import csv
from pathlib import Path

import pytest

from rsi.benchmark import blind
from rsi.benchmark.blind import Damage
from rsi.commands.main import main

CLEAN = Path(__file__).parents[2] / "examples" / "clean"


def test_what_should_be_found_is_what_was_done() -> None:
    assert Damage("blur:sigma=2+jpeg:quality=12", strokes=9).truth == {
        "blur": {"sigma": 2.0},
        "jpeg": {"quality": 12.0},
        "inpaint": {},
    }
    assert Damage("resized:factor=4,filter=bicubic").truth == {"resized": {"factor": 4.0}}


def test_the_table_counts_what_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(blind, "DAMAGES", (Damage(""), Damage("jpeg:quality=12"), Damage("", strokes=9)))
    command = ["benchmark", "--blind", "--clean_dir", str(CLEAN), "--output_dir", str(tmp_path / "out"), "--limit", "2"]
    assert main(command) == 0
    with (tmp_path / "out" / "blind.csv").open() as file:
        rows = {row["damage"]: row for row in csv.DictReader(file)}
    assert rows["clean"]["wrong rows"] == "0"
    assert rows["jpeg:quality=12"]["within"] == "2 (exact)"
    assert rows["jpeg:quality=12"]["in the interval"] == "2 of 2"
    assert rows["holes"]["found in"] == "2 of 2"
    assert (tmp_path / "out" / "blind.md").read_text() in capsys.readouterr().out
