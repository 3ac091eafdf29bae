"""``rsi fit --method``: the baselines through the command that a user types."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors import safe_open

from rsi.commands.main import main
from rsi.options.chosen_method import chosen_method

CONF = Path(__file__).parents[1] / "conf"
PHASES = {"pulse": ["PULSE"], "lbrgm": ["start", "L-BRGM"]}


def fit(method: str, generator: Path, targets: Path, output: Path, *flags: str) -> int:
    paths = ["--generator", str(generator), "--target_dir", str(targets), "--output_dir", str(output)]
    return main(["fit", "--method", method, "--config", str(CONF / f"short_{method}.yaml"), *paths, *flags])


def rows(output: Path) -> list[dict[str, str]]:
    with (output / "results.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def pixels(path: Path) -> Any:
    return np.asarray(Image.open(path)).astype(int)


@pytest.mark.parametrize("method", PHASES)
def test_every_image_gets_its_files_and_its_row(
    method: str, noisy_generator: Path, jpeg_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    assert fit(method, noisy_generator, jpeg_folder, output) == 0
    for row, name in zip(rows(output), "abc", strict=True):
        assert row["status"] == "restored"
        assert float(row["loss"]) > 0
        assert float(row["fidelity"]) > 0
        assert Image.open(output / f"{name}.png").size == (32, 32)
        assert Image.open(output / "comparisons" / f"{name}.png").width > (1 + len(PHASES[method])) * 32
        with safe_open(output / "latents" / f"{name}.safetensors", "pt") as file:
            assert file.metadata()["method"] == method
            assert file.metadata()["space"] == PHASES[method][-1]
    assert json.loads((output / "settings.json").read_text())["method"] == method


@pytest.mark.parametrize("method", PHASES)
def test_latent_renders_the_same_image_again(
    method: str, noisy_generator: Path, jpeg_folder: Path, tmp_path: Path
) -> None:
    output, again = tmp_path / "out", tmp_path / "again.png"
    fit(method, noisy_generator, jpeg_folder, output)
    assert main(["render", str(output / "latents" / "b.safetensors"), str(again)]) == 0
    assert np.abs(pixels(again) - pixels(output / "b.png")).max() <= 1


@pytest.mark.parametrize("method", PHASES)
def test_resolved_config_runs_again(method: str, noisy_generator: Path, jpeg_folder: Path, tmp_path: Path) -> None:
    output, again = tmp_path / "out", tmp_path / "again"
    fit(method, noisy_generator, jpeg_folder, output, "--model.lr", "0.3")
    config = yaml.safe_load((output / "config.yaml").read_text())
    assert (config["method"], config["model"]["lr"]) == (method, 0.3)
    assert main(["fit", "--config", str(output / "config.yaml"), "--output_dir", str(again)]) == 0
    assert (again / "a.png").read_bytes() == (output / "a.png").read_bytes()


def test_results_of_another_method_are_not_mixed(
    noisy_generator: Path, jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit("lbrgm", noisy_generator, jpeg_folder, tmp_path / "out")
    assert fit("pulse", noisy_generator, jpeg_folder, tmp_path / "out") == 2
    assert "holds results of another " in capsys.readouterr().err


def test_method_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "--method", "dip", "--target_dir", "."]) == 2
    assert 'rsi: there is no method "dip": use one of rsi, pulse, lbrgm, ddrm' in capsys.readouterr().err


def test_option_of_another_method(jpeg_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["fit", "--method", "pulse", "--target_dir", str(jpeg_folder), "--lr_scale", "2"])
    expected = "--method pulse has no --lr_scale, which is an option of --method rsi"
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(("method", "option"), [("rsi", "--model.schedule"), ("pulse", "--model.geocross_weight")])
def test_help_is_that_of_the_method(method: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["fit", "--method", method, "--help", "all"])
    shown = capsys.readouterr().out
    assert option in shown
    assert "--method {rsi,pulse,lbrgm,ddrm}" in shown


def test_last_word_on_the_method_counts(tmp_path: Path) -> None:
    (tmp_path / "pulse.yaml").write_text("method: pulse\n")
    (tmp_path / "none.yaml").write_text("batch_size: 1\n")
    pulse, none = (str(tmp_path / f"{name}.yaml") for name in ("pulse", "none"))
    assert chosen_method(["--target_dir", "x"], "rsi") == "rsi"
    assert chosen_method(["--config", pulse, "--target_dir", "x"], "rsi") == "pulse"
    assert chosen_method([f"--config={pulse}", "--method", "lbrgm"], "rsi") == "lbrgm"
    assert chosen_method(["--method=lbrgm", "-c", pulse], "rsi") == "pulse"
    assert chosen_method(["--method", "lbrgm", "--config", none], "rsi") == "lbrgm"
