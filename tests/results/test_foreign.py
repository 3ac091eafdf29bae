from pathlib import Path

import pytest
from PIL import Image

from rsi.errors import InputError
from rsi.results.folder import ResultFolder
from rsi.results.foreign import refuse_foreign_files
from rsi.results.layout import record_of
from rsi.results.outcome import review
from rsi.results.records import FAILED, MISSING, RESTORED, Row


def check(folder: ResultFolder, *inputs: Path, overwrite: bool = False) -> None:
    refuse_foreign_files(folder, [("a.jpg", "a")], inputs, overwrite=overwrite)


@pytest.fixture
def folder(tmp_path: Path) -> ResultFolder:
    found = ResultFolder(tmp_path / "out")
    found.claim({"method": "rsi", "degradation": "jpeg"}, overwrite=False)
    return found


@pytest.mark.parametrize(
    "name", ["a.png", "comparisons/a.png", "fidelity/a.png", "latents/a.safetensors", "timelapses/a.webp"]
)
def test_file_of_others_is_refused_unless_it_may_be_replaced(folder: ResultFolder, name: str) -> None:
    check(folder)
    (folder.path / name).parent.mkdir(parents=True, exist_ok=True)
    (folder.path / name).write_text("mine")
    with pytest.raises(InputError, match=f"{name} was not written by rsi: choose another --output_dir, or replace"):
        check(folder)
    check(folder, overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_folder_where_a_result_belongs_and_file_where_a_folder_does_are_refused(
    tmp_path: Path, overwrite: bool
) -> None:
    out = tmp_path / "out"
    (out / "a.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"a.png is a folder where a result is to be written: choose another"):
        check(ResultFolder(out), overwrite=overwrite)
    (out / "a.png").rmdir()
    for name in ("latents", "records", "logs", ".progress"):
        (out / name).symlink_to("nowhere")
        with pytest.raises(InputError, match=rf"{name} is no folder and results need one there: remove it or choose"):
            check(ResultFolder(out), overwrite=overwrite)
        (out / name).unlink()
    (out / "sub").write_text("mine")
    with pytest.raises(InputError, match="sub is no folder"):
        refuse_foreign_files(ResultFolder(out), [("sub/b/a.jpg", "sub/b/a")], [], overwrite=overwrite)


def test_what_the_run_reads_is_never_replaced(folder: ResultFolder) -> None:
    (folder.path / "a.png").write_text("a mask")
    with pytest.raises(InputError, match="which this run reads: choose another --output_dir"):
        check(folder, folder.path, overwrite=True)


def test_results_stay_rsi_s_when_the_image_fails_later_or_is_missing(folder: ResultFolder) -> None:
    sha256 = folder.save_picture("a.png", Image.new("RGB", (4, 4)))
    folder.save_row(Row("a.jpg", RESTORED, output="a.png", sha256=sha256))
    folder.save_row(Row("a.jpg", FAILED, notes="cut off"))
    check(folder)
    folder.save_row(Row("a.jpg", MISSING))
    review(["a.jpg"], folder, range(1), 1, anew=False)
    check(folder)


def test_image_that_has_only_ever_failed_owns_no_file(folder: ResultFolder) -> None:
    folder.save_row(Row("a.jpg", FAILED, notes="cut off"))
    (folder.path / "a.png").write_text("mine")
    with pytest.raises(InputError, match="was not written by rsi"):
        check(folder)


def test_damaged_record_is_still_rsi_s(folder: ResultFolder) -> None:
    folder.save_picture("a.png", Image.new("RGB", (4, 4)))
    folder.save_row(Row("a.jpg", RESTORED, output="a.png"))
    (folder.path / record_of("a.jpg")).write_text("{")
    check(folder)


@pytest.mark.parametrize("name", ["settings.json", "config.yaml", "results.csv", "index.html"])
def test_folder_of_another_program_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match=f"{name} was not written by rsi"):
        check(ResultFolder(tmp_path))
