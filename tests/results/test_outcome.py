import time
from pathlib import Path

import pytest

from rsi.data.listing import Listing
from rsi.results.folder import ResultFolder
from rsi.results.outcome import review
from rsi.results.records import FAILED, MISSING, RESTORED, Row, read_record
from rsi.results.run_id import RUN


def test_images_without_a_record_are_missing_and_named(tmp_path: Path) -> None:
    targets = tmp_path / "in"
    targets.mkdir()
    for number in range(6):
        (targets / f"{number}.png").touch()
    folder = ResultFolder(tmp_path / "out")
    folder.save_row(Row("0.png", RESTORED))
    folder.save_row(Row("2.png", FAILED))
    outcome = review(Listing(targets), folder, {0, 1}, 3, anew=False)
    assert outcome.statuses == {RESTORED: 1, MISSING: 3}
    assert outcome.missing == ["1.png", "3.png", "4.png"]
    assert not outcome.is_complete
    assert outcome.missing_line() == "3 images are missing, the same command restores them: 1.png, 3.png, 4.png"
    assert {row.file: row.status for row in folder.rows() if row.status == MISSING} == dict.fromkeys(
        outcome.missing, MISSING
    )


def test_what_an_earlier_run_has_finished_is_counted_and_with_overwrite_missing(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    folder = ResultFolder(tmp_path / "out")
    data = Listing(tmp_path)
    folder.claim({}, overwrite=False)
    folder.save_row(Row("a.png", RESTORED))
    folder.claim({}, overwrite=False)
    assert review(data, folder, range(1), 1, anew=False).before == 1
    assert review(data, folder, range(1), 1, anew=True).missing == ["a.png"]


def test_what_a_run_has_finished_is_its_own_whatever_the_clock_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.png").touch()
    folder, clock = ResultFolder(tmp_path / "out"), iter(range(10**9, 0, -(10**6)))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    folder.claim({}, overwrite=True)
    folder.save_row(Row("a.png", RESTORED))
    outcome = review(Listing(tmp_path), folder, range(1), 1, anew=True)
    assert (outcome.statuses, outcome.before, outcome.missing) == ({RESTORED: 1}, 0, [])


def test_processes_of_a_run_share_its_name_and_other_runs_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = ResultFolder(tmp_path / "a"), ResultFolder(tmp_path / "b")
    first.claim({}, overwrite=False)
    second.claim({}, overwrite=False)
    assert first.run != second.run
    monkeypatch.setenv(RUN, "handed down")
    second.claim({}, overwrite=False)
    assert second.run == "handed down"


def test_reasons_of_failures_are_kept(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    folder = ResultFolder(tmp_path / "out")
    folder.save_row(Row("a.png", FAILED, notes="not an intact PNG"))
    assert review(Listing(tmp_path), folder, range(1), 1, anew=False).failures == {"a.png": "not an intact PNG"}


def test_records_of_earlier_versions_are_read() -> None:
    row = read_record(b'{"file": "a.png", "status": "restored", "output": "a.png", "written": 1.5}')
    assert row == Row("a.png", RESTORED, output="a.png")


def test_long_lists_are_cut(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.png").touch()
    outcome = review(Listing(tmp_path), ResultFolder(tmp_path / "out"), range(1), 1, anew=False)
    assert outcome.missing_line().endswith("18.png, 19.png and 10 more, see results.csv")
