from dataclasses import replace
from pathlib import Path

import pytest

from rsi.benchmark.entries import Entry, published_entries
from rsi.benchmark.measurement import ImageScores, Measurement
from rsi.benchmark.measures import measure_text
from rsi.benchmark.metrics import Distances
from rsi.benchmark.table_layout import ranks
from rsi.benchmark.tables import Conditions, write_tables
from rsi.benchmark.tasks import all_tasks, select_tasks

CONDITIONS = Conditions("avatars128 at 128 px", "2 images of faces", "the judge", "embedded", "96 features")


def measurement(
    method: str,
    task: str,
    accuracy: float,
    fidelity: float = 0.2,
    pfid: float = 17.04,
    psnr: float = 20,
    *,
    stems: str = "ab",
) -> Measurement:
    path = {"target": Distances(1.2, 10, 0.2), "W": Distances(accuracy, psnr, 0.6)}
    scores = [ImageScores(stem, Distances(accuracy, psnr, 0.6), fidelity, 1.5, path) for stem in stems]
    return Measurement(method, task, tuple(scores), pfid)


def write(folder: Path, measurements: list[Measurement], *, against_paper: bool = False) -> dict[str, str]:
    write_tables(folder, measurements, all_tasks(), CONDITIONS, against_paper=against_paper)
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize(("value", "text"), [(0.4136, ".414"), (1.2, "1.200"), (0.0, ".000"), (None, "-")])
def test_distances_have_three_digits(value: float | None, text: str) -> None:
    assert measure_text("accuracy", value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(17.04, "17.0"), (156.1, "156"), (1234.5, "1230"), (8.526, "8.53"), (0.05678, ".0568"), (0.9999, "1.00"),
     (9.999, "10.0"), (0.0, ".00"), (None, "-")],
)  # fmt: skip
def test_pfid_has_three_significant_digits(value: float | None, text: str) -> None:
    assert measure_text("pfid", value) == text


def test_best_and_second_best_are_marked(tmp_path: Path) -> None:
    rows = [("rsi", 0.4, 0.3, 18.0, 24.0), ("w_only", 0.5, 0.2, 17.0, 9.0), ("adam", 0.4, 0.1, 19.0, 21.0)]
    files = write(tmp_path, [measurement(name, "denoising-M", *numbers) for name, *numbers in rows])
    assert "| denoising | rsi | **.400** .300 <u>18.0</u> **24.00** **.600** |" in files["table.md"]
    assert "| denoising | w_only | <u>.500</u> .200 **17.0** 9.00 **.600** |" in files["table.md"]
    assert "| denoising | adam | **.400** .100 19.0 <u>21.00</u> **.600** |" in files["table.md"]
    row = r"denoising & w\_only & \underline{.500} & .200 & \textbf{17.0} & 9.00 & \textbf{.600} \\"
    assert row in files["table.tex"]
    assert "denoising,M,0.5,0.2,17,9,0.6,2,1.5,pfid ssim,accuracy" in files["table.csv"]
    assert r"\begin{tabular}{llrrrrr}" in files["table.tex"]
    assert r"task & method & \multicolumn{5}{c}{M} \\" in files["table.tex"]


def test_one_method_is_not_marked(tmp_path: Path) -> None:
    files = write(tmp_path, [measurement("rsi", "UNAP-M", 0.4)])
    assert "| UNAP | rsi | .400 .200 17.0 20.00 .600 |" in files["table.md"]


def test_the_measures_stand_in_the_same_order_in_the_csv(tmp_path: Path) -> None:
    lines = write(tmp_path, [measurement("rsi", "UNAP-M", 0.4)], against_paper=True)["table.csv"].splitlines()
    assert lines[0] == "method,task,level,accuracy,fidelity,pfid,psnr,ssim,images,seconds,best,second"
    assert lines[1] == "rsi,UNAP,M,0.4,0.2,17.04,20,0.6,2,1.5,,"
    assert lines[2] == "RSI (published),UNAP,M,0.525,0.131,21.8,,,,,,"


def test_methods_that_left_images_out_are_named(tmp_path: Path) -> None:
    both = [measurement("rsi", "UNAP-M", 0.4), measurement("pulse", "UNAP-M", 0.4, stems="a")]
    assert "Of fewer than 2 images: pulse on UNAP-M, 1." in write(tmp_path, both)["table.md"]
    assert "Of fewer" not in write(tmp_path, both[:1])["table.md"]


def test_levels_are_columns_in_the_order_of_the_paper(tmp_path: Path) -> None:
    files = write(tmp_path, [measurement("rsi", f"upsampling-{level}", 0.4) for level in ("L", "XS", "M")])
    assert "| task | method | XS | M | L |" in files["table.md"]


def test_published_numbers_stand_beside_ours_and_are_not_ranked(tmp_path: Path) -> None:
    ours = [measurement("rsi", "UNAP-M", 0.9), measurement("rsi", "strokes-M", 0.9)]
    text = write(tmp_path, ours, against_paper=True)["table.md"]
    assert "| UNAP | RSI (published) | .525 .131 21.8 - - |" in text
    assert "| strokes | DDRM (published) | .289 - 26.1 - - |" in text
    assert f"Here: {CONDITIONS}. Where these differ the numbers cannot be compared" in text
    assert str(CONDITIONS) == (
        "generator avatars128 at 128 px; 2 images of faces; accuracy by the judge; fidelity by embedded; "
        "pFID on 96 features"
    )
    assert "published" not in write(tmp_path, ours)["table.md"].lower()


def test_every_task_has_a_published_number() -> None:
    found = {entry.task.id for entry in published_entries(all_tasks()) if entry.method == "RSI (published)"}
    assert found == {task.id for task in all_tasks()}


def test_phases_start_from_the_target(tmp_path: Path) -> None:
    text = write(tmp_path, [measurement("rsi", "denoising-M", 0.4)])["phases.md"]
    assert "| denoising-M | rsi | 10.00 .200 1.200 | 20.00 .600 .400 | - | - |" in text


def test_methods_are_compared_image_by_image(tmp_path: Path) -> None:
    """Images that one of two methods could not restore do not count; the error is that of the mean of differences."""
    first, second = measurement("rsi", "denoising-M", 0.4, stems="abc"), measurement("fast", "denoising-M", 0.4)
    psnrs = {"a": 20.5, "b": 19.7}
    images = [replace(scores, final=replace(scores.final, psnr=psnrs[scores.stem])) for scores in second.images]
    measured = [first, replace(second, images=tuple(images)), measurement("pulse", "denoising-M", 0.6, stems="a")]
    text = write(tmp_path, measured)["differences.md"]
    assert text.startswith("Every other method less rsi, image by image")
    assert "| denoising-M | fast | 2 | +.000 ± .000 | +.000 ± .000 | +0.10 ± 0.40 | +.000 ± .000 |" in text
    assert "pulse" not in text  # one image has no standard error


def test_per_image_csv(tmp_path: Path) -> None:
    lines = write(tmp_path, [measurement("rsi", "denoising-M", 0.4)])["per_image.csv"].splitlines()
    assert lines[0] == "method,task,image,accuracy,fidelity,psnr,ssim,seconds"
    assert lines[1] == "rsi,denoising-M,a,0.4,0.2,20,0.6,1.5"


def test_ranking_follows_the_printed_digits() -> None:
    (task,) = select_tasks("UNAP")
    entries = [Entry(name, task, value, 0.1, 1.0) for name, value in (("a", 0.4001), ("b", 0.4002), ("c", 0.402))]
    found = ranks(entries)
    assert [found[name, "UNAP-M", "accuracy"] for name in "abc"] == ["best", "best", "second"]
