import csv
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rsi.errors import InputError
from rsi.results.finished import Finished
from rsi.results.folder import ResultFolder
from rsi.results.layout import record_of
from rsi.results.records import FAILED, RESTORED, Row


def save(folder: ResultFolder, file: str) -> None:
    picture = Image.new("RGB", (4, 4), "red")
    output = f"{Path(file).stem}.png"
    folder.save_row(Row(file, RESTORED, output=output, sha256=folder.save_picture(output, picture)))


def finished(folder: ResultFolder, *names: str) -> list[str]:
    found = Finished(folder, lambda _: {}, {})
    return [name for name in names or ("a.png", "b.png") if name in found]


def test_image_is_finished_once_its_record_is_written(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    assert finished(folder) == []
    save(folder, "a.png")
    assert finished(ResultFolder(tmp_path)) == ["a.png"]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"cut")])
def test_damaged_image_is_not_finished(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    folder = ResultFolder(tmp_path)
    save(folder, "a.png")
    damage(tmp_path / "a.png")
    assert finished(folder) == []


def test_failed_image_is_tried_again(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.save_row(Row("a.png", FAILED, notes="broken"))
    assert finished(folder) == []


def test_table_has_a_row_per_image_in_the_order_of_names(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "b.png")
    folder.save_row(Row("a.png", FAILED, notes="broken, and\nmore"))
    folder.save_table()
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["file"], row["status"], row["notes"]) for row in rows] == [
        ("a.png", "failed", "broken, and\nmore"),
        ("b.png", "restored", ""),
    ]


def test_latent_is_stored_with_what_it_belongs_to(tmp_path: Path) -> None:
    codes = torch.randn(3, 4)
    ResultFolder(tmp_path).save_latent("latents/sub/a.safetensors", {"codes": codes}, {"generator": "g"})
    assert torch.equal(load_file(tmp_path / "latents" / "sub" / "a.safetensors")["codes"], codes)


def test_same_settings_go_on_and_others_are_refused(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"degradation": "jpeg", "seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"degradation": "jpeg", "seed": "0"}, overwrite=False)
    with pytest.raises(InputError, match=r"holds results of another degradation, seed: choose another --output_dir"):
        folder.claim({"degradation": "noise", "seed": "1"}, overwrite=False)
    assert finished(folder) == ["a.png"]


def test_a_process_that_is_late_finds_what_the_others_have_finished(tmp_path: Path) -> None:
    early, late = ResultFolder(tmp_path), ResultFolder(tmp_path)
    early.claim({"seed": "0"}, overwrite=False, rank=1)
    save(early, "b.png")
    late.claim({"seed": "0"}, overwrite=False)
    assert finished(late) == ["b.png"]


def test_overwrite_starts_anew(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"seed": "1"}, overwrite=True)
    assert finished(folder) == []
    folder.claim({"seed": "1"}, overwrite=False)


def test_unreadable_settings(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "a.png")
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(InputError, match=r"settings.json cannot be read"):
        folder.claim({}, overwrite=False)


def test_settings_of_a_run_without_results_do_not_matter(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"seed": "0"}, overwrite=False)
    folder.claim({"seed": "1"}, overwrite=False)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"file": 1, "unknown": 2}'])
def test_record_that_cannot_be_read_is_passed_over(tmp_path: Path, content: str) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "a.png")
    save(folder, "b.png")
    (tmp_path / "records" / "a.png.json").write_text(content)
    assert finished(folder) == ["b.png"]


def test_claim_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / ".partial-x.png").touch()
    ResultFolder(tmp_path).claim({}, overwrite=False)
    assert not (tmp_path / ".partial-x.png").exists()


def put_where_older_versions_did(folder: ResultFolder, file: str) -> None:
    (folder.path / record_of(file)).rename(folder.path / f"records/{file}.json")


def test_folder_of_an_older_version_is_read_and_has_one_row_an_image(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    for name in ("IMG_1.png", "É.png"):
        save(folder, name)
        put_where_older_versions_did(folder, name)
    assert finished(folder, "IMG_1.png", "É.png", "img_1.png") == ["IMG_1.png", "É.png"]
    assert folder.wrote_files_of("IMG_1.png")
    assert not folder.wrote_files_of("img_1.png")
    folder.save_row(Row("IMG_1.png", FAILED, notes="broken"))
    assert [(row.file, row.status) for row in folder.rows()] == [("IMG_1.png", FAILED), ("É.png", RESTORED)]


def test_older_record_in_the_place_of_another_image_s_is_not_taken_for_its_own(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "img_1.png")
    (tmp_path / "records/img_1.png.json").rename(tmp_path / "records/IMG_1.png.json")
    assert folder.row("IMG_1.png") is None
    assert not folder.wrote_files_of("IMG_1.png")
