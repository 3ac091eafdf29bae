import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rsi.commands.main import main
from rsi.data.pictures import split_row

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


def fit(generator: Path, targets: Path, output: Path, *flags: str) -> int:
    where = ["--target_dir", str(targets), "--output_dir", str(output)]
    return main(["fit", "--generator", str(generator), "--config", str(SHORT), *where, *flags])


def cards(page: Path) -> list[dict[str, Any]]:
    return [json.loads(values) for values in re.findall(r"data-values='([^']*)'", page.read_text())]


def test_fit_writes_the_page_with_every_image_that_failed_too(
    tiny_generator: Path, jpeg_folder: Path, tmp_path: Path
) -> None:
    (jpeg_folder / "broken.jpg").write_bytes(b"no picture")
    assert fit(tiny_generator, jpeg_folder, tmp_path / "restored") == 1
    page = tmp_path / "restored/index.html"
    statuses = {card["file"]: card["status"] for card in cards(page)}
    assert statuses == {"a.jpg": "restored", "b.jpg": "restored", "broken.jpg": "failed", "c.jpg": "restored"}
    assert page.read_text().count('"caption": "W++"') == 3


def test_fit_can_be_told_to_write_no_page(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> None:
    assert fit(tiny_generator, jpeg_folder, tmp_path / "restored", "--report", "false") == 0
    assert not (tmp_path / "restored/index.html").exists()


def test_fidelity_map_is_the_mean_difference_of_the_degraded_restoration(
    tiny_generator: Path, jpeg_folder: Path, tmp_path: Path
) -> None:
    fit(tiny_generator, jpeg_folder, tmp_path / "restored", "--degradation", "upsample:factor=1", "--report", "false")
    folder = tmp_path / "restored"
    target, restored = (
        np.asarray(Image.open(path).convert("RGB"), float) for path in (jpeg_folder / "a.jpg", folder / "a.png")
    )
    difference, known = Image.open(folder / "fidelity/a.png").split()
    assert np.abs(np.asarray(difference, float) - np.abs(target - restored).mean(2)).max() <= 1
    assert known.getextrema() == (255, 255)


def test_report_writes_the_page_again(
    tiny_generator: Path, jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(tiny_generator, jpeg_folder, tmp_path / "restored", "--report", "false")
    capsys.readouterr()
    assert main(["report", str(tmp_path / "restored")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "restored/index.html")
    assert len(cards(tmp_path / "restored/index.html")) == 3


def test_folder_without_results_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert "holds no results: give the output folder of a run" in capsys.readouterr().err


def test_stages_of_a_comparison_are_what_was_drawn(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> None:
    fit(tiny_generator, jpeg_folder, tmp_path / "restored", "--report", "false")
    way = split_row(Image.open(tmp_path / "restored/comparisons/a.png"))
    assert [caption for caption, _ in way] == ["target", "W", "W+", "W++"]
    assert way[0][1].tobytes() == Image.open(jpeg_folder / "a.jpg").tobytes()
    assert way[-1][1].tobytes() == Image.open(tmp_path / "restored/a.png").tobytes()


def test_page_of_others_is_left_alone_by_fit_which_says_so_and_how_to_get_the_page(
    tiny_generator: Path, jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "restored"
    fit(tiny_generator, jpeg_folder, folder, "--report", "false")
    (folder / "index.html").write_text("<h1>mine</h1>")
    capsys.readouterr()
    assert fit(tiny_generator, jpeg_folder, folder) == 0
    output, told = capsys.readouterr()
    why = f"{folder}/index.html was not written by rsi: rsi report {folder} --page other.html writes the page beside it"
    assert f"there is not going to be a report page: {why}" in told
    assert f"there is no report page, give rsi report {folder} once this is mended: {why}" in told
    assert f"{folder}/index.html" not in output
    assert main(["report", str(folder)]) == 2
    assert f"rsi: {why}" in capsys.readouterr().err
    assert main(["report", str(folder), "--page", "other.html"]) == 0
    assert len(cards(folder / "other.html")) == 3
    assert (folder / "index.html").read_text() == "<h1>mine</h1>"
    assert main(["report", str(folder), "--overwrite"]) == 0
    assert main(["report", str(folder)]) == 0
    assert len(cards(folder / "index.html")) == 3


@pytest.mark.parametrize("name", ["results.csv", "../page.html", "sub/page.html"])
def test_page_is_a_name_in_the_folder(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["report", str(tmp_path), "--page", name])
    assert f"{name!r} is not a name that ends in .html" in capsys.readouterr().err
