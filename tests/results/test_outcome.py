import time
from pathlib import Path

from rsi.data import TargetFolder
from rsi.results.folder import ResultFolder
from rsi.results.outcome import review
from rsi.results.records import FAILED, MISSING, RESTORED, Row


def test_images_without_a_record_are_missing_and_named(tmp_path: Path) -> None:
    targets = tmp_path / "in"
    targets.mkdir()
    for number in range(6):
        (targets / f"{number}.png").touch()
    folder = ResultFolder(tmp_path / "out")
    folder.save_row(Row("0.png", RESTORED))
    folder.save_row(Row("2.png", FAILED))
    outcome = review(TargetFolder(str(targets)), folder, {0, 1}, 3, since=0, anew=False)
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
    folder.save_row(Row("a.png", RESTORED))
    data, since = TargetFolder(str(tmp_path)), time.time() + 1
    assert review(data, folder, range(1), 1, since=since, anew=False).before == 1
    assert review(data, folder, range(1), 1, since=since, anew=True).missing == ["a.png"]


def test_long_lists_are_cut(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number:02}.png").touch()
    outcome = review(TargetFolder(str(tmp_path)), ResultFolder(tmp_path / "out"), range(1), 1, since=0, anew=False)
    assert outcome.missing_line().endswith("18.png, 19.png and 10 more, see results.csv")
