from collections import Counter
from pathlib import Path

from rsi.commands.closing import closing_lines
from rsi.results.folder import ResultFolder
from rsi.results.outcome import Outcome
from rsi.results.records import FAILED, RESTORED, STOPPED


def test_counts_of_all_and_of_those_before(tmp_path: Path) -> None:
    outcome = Outcome(Counter({RESTORED: 2, STOPPED: 1, FAILED: 1}), before=1)
    outcome.failures["a.png"] = "it is no picture"
    failure, counts, *_ = closing_lines(ResultFolder(tmp_path), outcome, 3725.4)
    assert failure == "failed a.png: it is no picture"
    assert counts == "1 failed, 1 stopped, 2 restored; 1 of them finished before; 1:02:05"


def test_only_what_is_there_is_named(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "my results")
    folder.path.mkdir()
    first, *places = closing_lines(folder, Outcome(Counter({RESTORED: 1})), 2)
    assert first == "1 restored; 0:00:02"
    assert [line.split()[0] for line in places] == ["restored"]
    (folder.path / "logs").mkdir()
    page = folder.path / "index.html"
    page.write_text("<h1>mine</h1>")
    assert "index.html" not in "".join(closing_lines(folder, Outcome(Counter({RESTORED: 1})), 2))
    page.write_text("<title>my results: 1 image, rsi report</title>")
    places = closing_lines(folder, Outcome(Counter({RESTORED: 1})), 2)[1:]
    assert [line.split()[0] for line in places] == ["restored", "report", "TensorBoard"]
    assert places[-1].endswith(f"tensorboard --logdir '{folder.path}'")


def test_nothing_restored(tmp_path: Path) -> None:
    assert closing_lines(ResultFolder(tmp_path / "none"), Outcome(), 0) == ["no images; 0:00:00"]


def test_reason_is_told_once_for_all_samples_of_an_image(tmp_path: Path) -> None:
    outcome = Outcome(Counter({FAILED: 3}))
    outcome.failures |= {"a.png": "no picture", "a.png~2": "no picture", "b~3": "another"}
    lines = closing_lines(ResultFolder(tmp_path / "none"), outcome, 0)
    assert lines == ["failed a.png: no picture", "failed b~3: another", "3 failed; 0:00:00"]
