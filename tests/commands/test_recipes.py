from pathlib import Path

import pytest
import yaml

from rsi.commands.main import main
from rsi.options.recipes import purpose, recipes


def test_every_recipe_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(recipes())
    assert {"fast", "jpeg", "pulse"} <= recipes().keys()
    purposes = [*map(purpose, recipes().values())]
    assert [line.partition("  ")[2].strip() for line in lines] == purposes
    assert min(map(len, purposes)) > 20


def test_options_are_taken_from_recipes_by_name_and_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("fast").write_text("batch_size: 2\n")
    with pytest.raises(SystemExit, match="0"):
        main(["fit", "--config", "noise", "-c", "fast", "--config=./fast", "--print_config"])
    options = yaml.safe_load(capsys.readouterr().out)
    assert options["degradation"] == "noise:M"
    assert [phase["steps"] for phase in options["model"]["schedule"]] == [30, 50, 62]
    assert options["batch_size"] == 2


def test_recipe_names_the_method(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["fit", "--config", "pulse_original", "--print_config"])
    assert yaml.safe_load(capsys.readouterr().out)["model"]["lr"] == 0.4


def test_recipe_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fit", "imgs/", "--config", "quick"]) == 2
    expected = "rsi: --config quick is neither a recipe nor a file: rsi recipes lists the recipes\n"
    assert capsys.readouterr().err == expected


def test_results_say_which_recipes_they_are_from(
    tiny_generator: Path, jpeg_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(f"# What I need.\ngenerator: {tiny_generator}\n")
    short = Path(__file__).parents[1] / "conf/short.yaml"
    flags = ["--config", "jpeg", "--config", str(short), "--config", "mine.yaml", "--output_dir", "out"]
    assert main(["fit", str(jpeg_folder / "a.jpg"), *flags]) == 0
    assert main(["fit", "--config", "out/config.yaml", "--output_dir", "again"]) == 0
    lines = [f"# recipe jpeg: {purpose(recipes()['jpeg'])}", f"# recipe short.yaml: {purpose(short)}"]
    for folder in ("out", "again"):
        assert Path(folder, "config.yaml").read_text().splitlines()[:3] == [*lines, "# recipe mine.yaml: What I need."]
        assert "mine.yaml: What I need" in Path(folder, "index.html").read_text()
