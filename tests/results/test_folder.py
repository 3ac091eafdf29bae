import csv
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from rsi.errors import InputError
from rsi.results.folder import FAILED, RESTORED, ResultFolder, Row


def save(folder: ResultFolder, file: str) -> None:
    picture = Image.new("RGB", (4, 4), "red")
    output, sha256 = folder.save_restored(Path(file).stem, picture, picture)
    folder.save_row(Row(file, RESTORED, output=output, sha256=sha256))


def test_image_is_finished_once_its_record_is_written(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    assert folder.finished() == set()
    save(folder, "a.png")
    assert ResultFolder(tmp_path).finished() == {"a.png"}


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"cut")])
def test_damaged_image_is_not_finished(tmp_path: Path, damage) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    folder = ResultFolder(tmp_path)
    save(folder, "a.png")
    damage(tmp_path / "a.png")
    assert folder.finished() == set()


def test_failed_image_is_tried_again(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.save_row(Row("a.png", FAILED, notes="broken"))
    assert folder.finished() == set()


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
    ResultFolder(tmp_path).save_latent("sub/a", {"codes": codes}, {"generator": "g"})
    assert torch.equal(load_file(tmp_path / "latents" / "sub" / "a.safetensors")["codes"], codes)


def test_same_settings_go_on_and_others_are_refused(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"degradation": "jpeg", "seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"degradation": "jpeg", "seed": "0"}, overwrite=False)
    with pytest.raises(InputError, match=r"holds results of another degradation, seed: choose another --output_dir"):
        folder.claim({"degradation": "noise", "seed": "1"}, overwrite=False)
    assert folder.finished() == {"a.png"}


def test_a_process_that_is_late_finds_what_the_others_have_finished(tmp_path: Path) -> None:
    early, late = ResultFolder(tmp_path), ResultFolder(tmp_path)
    early.claim({"seed": "0"}, overwrite=False, rank=1)
    save(early, "b.png")
    late.claim({"seed": "0"}, overwrite=False)
    assert late.finished() == {"b.png"}


def test_overwrite_starts_anew(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.claim({"seed": "0"}, overwrite=False)
    save(folder, "a.png")
    folder.claim({"seed": "1"}, overwrite=True)
    assert folder.finished() == set()
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


def test_image_is_settled_once_its_whole_batch_is_finished(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    picture = Image.new("RGB", (4, 4), "red")
    for file, batch in (("a.png", ("a.png", "b.png")), ("c.png", ("c.png",)), ("d.png", ())):
        output, sha256 = folder.save_restored(Path(file).stem, picture, picture)
        folder.save_row(Row(file, RESTORED, output=output, sha256=sha256, batch=batch))
    finished = folder.finished()
    assert finished == {"a.png", "c.png", "d.png"}
    assert folder.settled(finished) == {"c.png", "d.png"}
    assert folder.settled({*finished, "b.png"}) == finished


@pytest.mark.parametrize("content", ["", "{", "[]", '{"file": 1, "unknown": 2}'])
def test_record_that_cannot_be_read_is_passed_over(tmp_path: Path, content: str) -> None:
    folder = ResultFolder(tmp_path)
    save(folder, "a.png")
    save(folder, "b.png")
    (tmp_path / "records" / "a.png.json").write_text(content)
    assert folder.finished() == {"b.png"}


def test_claim_removes_what_a_killed_run_left(tmp_path: Path) -> None:
    (tmp_path / ".partial-x.png").touch()
    ResultFolder(tmp_path).claim({}, overwrite=False)
    assert not (tmp_path / ".partial-x.png").exists()
