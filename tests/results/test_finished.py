import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rsi.errors import InputError
from rsi.results.finished import Finished
from rsi.results.folder import ResultFolder
from rsi.results.records import RESTORED, Row
from rsi.storage.fingerprint import fingerprint


def save(folder: ResultFolder, file: str, *batch: str, **facts: Any) -> None:
    picture = Image.new("RGB", (4, 4), "red")
    output = f"{Path(file).stem}.png"
    sha256 = folder.save_picture(output, picture)
    folder.save_row(Row(file, RESTORED, output=output, sha256=sha256, batch=batch, **facts))


def no_sources(file: str) -> dict[str, Path]:
    return {}


def test_images_are_looked_up_one_by_one(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "a.png", "a.png", "b.png")
    save(folder, "c.png", "c.png")
    save(folder, "d.png", "d.png")
    (tmp_path / "d.png").write_bytes(b"cut")
    finished = Finished(folder, no_sources, {})
    assert [name in finished for name in ("a.png", "b.png", "c.png", "d.png")] == [True, False, True, False]
    assert [finished.settles(name) for name in ("a.png", "b.png", "c.png", "d.png")] == [False, False, True, False]


def test_what_was_found_out_stays(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    finished = Finished(folder, no_sources, {})
    assert "a.png" not in finished
    save(folder, "a.png")
    assert "a.png" not in finished
    assert "a.png" in Finished(folder, no_sources, {})


def test_results_of_other_settings_are_not_finished(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"seed": "1"}, overwrite=True)
    assert "a.png" not in Finished(folder, no_sources, {})
    assert list(folder.rows()) == list(ResultFolder(tmp_path).rows()) == []


@pytest.mark.parametrize("changed", ["target", "mask"])
def test_result_of_another_target_or_mask_is_not_finished(tmp_path: Path, changed: str) -> None:
    folder, sources = ResultFolder(tmp_path / "out"), {name: tmp_path / name for name in ("target", "mask")}
    for path in sources.values():
        path.write_bytes(b"as it was")
    save(folder, "a.png", made_from={name: fingerprint(path) for name, path in sources.items()})
    assert "a.png" in Finished(folder, lambda _: sources, {})
    sources[changed].write_bytes(b"as it is!")
    finished = Finished(folder, lambda _: sources, {})
    assert "a.png" not in finished
    assert finished.changed == {"a.png": (changed,)}


def test_file_that_was_only_copied_anew_is_the_same(tmp_path: Path) -> None:
    folder, path = ResultFolder(tmp_path / "out"), tmp_path / "target"
    path.write_bytes(b"as it was")
    save(folder, "a.png", made_from={"target": fingerprint(path)})
    os.utime(path, (0, 0))
    assert "a.png" in Finished(folder, lambda _: {"target": path}, {})


def test_record_from_before_fingerprints_counts_as_finished(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path / "out")
    save(folder, "a.png")
    assert "a.png" in Finished(folder, lambda _: {"target": tmp_path / "gone"}, {})


def test_image_whose_mask_is_gone_is_not_finished_and_one_that_was_taken_away_is(tmp_path: Path) -> None:
    folder, target = ResultFolder(tmp_path / "out"), tmp_path / "target"
    target.write_bytes(b"as it was")
    save(folder, "a.png", made_from={"target": fingerprint(target)})

    def without_mask(_: str) -> dict[str, Path]:
        raise InputError("it has no mask")

    assert "a.png" not in Finished(folder, without_mask, {})
    target.unlink()
    assert "a.png" in Finished(folder, lambda _: {"target": target}, {})
