import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from photographs import photograph
from PIL import Image

from rsi.commands.main import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A photograph saved as JPEG and then as PNG, a clean one, and a file that is no picture."""
    picture = photograph("astronaut").resize((256, 256), Image.Resampling.LANCZOS)
    picture.save(tmp_path / "b.jpg", quality=12)
    Image.open(tmp_path / "b.jpg").save(tmp_path / "a.png")
    (tmp_path / "b.jpg").unlink()
    picture.save(tmp_path / "clean.png")
    return tmp_path


def test_a_table_with_what_can_be_pasted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(folder)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["a.png"]
    assert lines[1][:4] == ["jpeg", "quality=12", "quality=12..12", "exact"]
    assert lines[2] == ["--degradation", "jpeg:quality=12"]
    assert lines[3:] == [["clean.png"], ["nothing", "was", "found"]]


def test_json_and_csv_hold_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(folder), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["a.png"]["degradation"] == "jpeg:quality=12"
    assert facts["a.png"]["findings"][0]["known"] == "exact"
    assert facts["clean.png"] == {"degradation": "", "findings": []}
    assert main(["estimate", str(folder), "--csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["file"], row["stage"], row["known"]) == ("a.png", "jpeg", "exact")


def test_a_picture_shows_why(folder: Path, tmp_path: Path) -> None:
    assert main(["estimate", str(folder / "a.png"), "--pictures", str(tmp_path / "why")]) == 0
    with Image.open(tmp_path / "why" / "a.png.png") as drawn:
        assert np.asarray(drawn).std() > 10


def test_files_that_cannot_be_read_are_named_and_the_others_estimated(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert main(["estimate", str(folder)]) == 1
    captured = capsys.readouterr()
    assert "broken.png' cannot be read" in captured.err
    assert "jpeg:quality=12" in captured.out


def test_one_form_at_a_time(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(folder), "--json", "--csv"]) == 2
    assert "give one of them" in capsys.readouterr().err
