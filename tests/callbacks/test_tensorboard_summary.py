import csv
from typing import Any

import pytest
from tensorboard.plugins.hparams import metadata

ALL = "logs/summary/all images"


def settings(read: Any, run: str) -> dict[str, str]:
    content = read.SummaryMetadata(run, metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(content)
    return {name: value.string_value for name, value in start.hparams.items()}


def test_run_has_a_row_of_settings_and_mean_numbers(board: Any) -> None:
    board()
    read = board.read()
    assert settings(read, ALL).items() >= {"image": "all", "optimizer": "ngd", "seed": "0", "fit": "crop"}.items()
    with (board.output / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    mean = sum(float(row["fidelity"]) for row in rows) / len(rows)
    assert read.Scalars(ALL, "final/fidelity")[-1].value == pytest.approx(mean, rel=1e-5)
    assert read.Scalars(ALL, "final/images_restored")[-1].value == 3
    assert read.Scalars(ALL, "final/images_failed")[-1].value == 0


def test_images_that_are_shown_have_rows_too(board: Any) -> None:
    board(images=2)
    read = board.read()
    assert {run for run in read.Runs() if "summary" in run} == {ALL, "logs/summary/image 1", "logs/summary/image 2"}
    assert settings(read, "logs/summary/image 2")["image"] == "b.jpg"
    with (board.output / "results.csv").open(newline="") as file:
        loss = next(float(row["loss"]) for row in csv.DictReader(file) if row["file"] == "b.jpg")
    assert read.Scalars("logs/summary/image 2", "final/loss")[-1].value == pytest.approx(loss, rel=1e-5)


def test_text_has_the_settings_and_the_table(board: Any) -> None:
    (board.targets / "broken|.png").write_text("no picture")
    board()
    read = board.read()
    text = {tag: read.Tensors(ALL, f"{tag}/text_summary")[-1].tensor_proto for tag in ("settings", "results")}
    assert "optimizer: ngd" in text["settings"].string_val[0].decode()
    table = text["results"].string_val[0].decode().splitlines()
    assert len(table) == 2 + 4
    assert any("broken\\|.png | failed" in line for line in table)
    assert read.Scalars(ALL, "final/images_failed")[-1].value == 1


def test_run_with_nothing_to_do_shows_what_is_there(board: Any) -> None:
    board()
    board()
    assert board.read().Scalars(ALL, "final/images_restored")[-1].value == 3
