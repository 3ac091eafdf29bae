import csv
from typing import Any

import pytest
from tensorboard.plugins.hparams import metadata

ALL = "logs"


def settings(read: Any) -> dict[str, Any]:
    content = read.SummaryMetadata(ALL, metadata.SESSION_START_INFO_TAG).plugin_data.content
    start = metadata.parse_session_start_info_plugin_data(content)
    return {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}


def test_run_has_a_row_of_settings_in_force_and_mean_numbers(board: Any) -> None:
    board()
    read = board.read()
    row = settings(read)
    assert row.items() >= {"optimizer": "ngd", "perceptual": "embedded", "seed": 0, "fit": "crop"}.items()
    assert row["lr_scale"] == pytest.approx(0.3123)
    assert "None" not in row.values()
    with (board.output / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    mean = sum(float(row["fidelity"]) for row in rows) / len(rows)
    assert read.Scalars(ALL, "final/fidelity")[-1].value == pytest.approx(mean, rel=1e-5)
    assert read.Scalars(ALL, "final/images_restored")[-1].value == 3
    assert read.Scalars(ALL, "final/images_failed")[-1].value == 0


def test_text_has_the_settings_and_the_table(board: Any) -> None:
    (board.targets / "broken|.png").write_text("no picture")
    board()
    read = board.read()
    text = {tag: read.Tensors(ALL, f"{tag}/text_summary")[-1].tensor_proto for tag in ("settings", "results")}
    assert "optimizer: ngd" in text["settings"].string_val[0].decode()
    table = text["results"].string_val[0].decode().splitlines()
    assert len(table) == 2 + 4
    assert "broken\\|.png | failed" in "\n".join(table)
    assert read.Scalars(ALL, "final/images_failed")[-1].value == 1


def test_run_with_nothing_to_do_shows_what_is_there(board: Any) -> None:
    board()
    board()
    assert board.read().Scalars(ALL, "final/images_restored")[-1].value == 3
