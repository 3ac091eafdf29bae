from pathlib import Path

from PIL import Image

from rsi.results.folder import RESTORED, Finished, ResultFolder, Row, Settled


def save(folder: ResultFolder, file: str, *batch: str) -> None:
    picture = Image.new("RGB", (4, 4), "red")
    output, sha256 = folder.save_restored(Path(file).stem, picture, None)
    folder.save_row(Row(file, RESTORED, output=output, sha256=sha256, batch=batch))


def test_images_are_looked_up_one_by_one(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "a.png", "a.png", "b.png")
    save(folder, "c.png", "c.png")
    save(folder, "d.png", "d.png")
    (tmp_path / "d.png").write_bytes(b"cut")
    finished = Finished(folder)
    settled = Settled(folder, finished)
    assert [name in finished for name in ("a.png", "b.png", "c.png", "d.png")] == [True, False, True, False]
    assert [name in settled for name in ("a.png", "b.png", "c.png", "d.png")] == [False, False, True, False]


def test_what_was_found_out_stays(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    finished = Finished(folder)
    assert "a.png" not in finished
    save(folder, "a.png")
    assert "a.png" not in finished
    assert "a.png" in Finished(folder)


def test_results_of_other_settings_are_not_finished(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"seed": "1"}, overwrite=True)
    assert "a.png" not in Finished(folder)
    assert list(folder.rows()) == list(ResultFolder(tmp_path).rows()) == []
