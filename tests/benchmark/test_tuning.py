from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from rsi.commands.main import main
from rsi.results.folder import ResultFolder

Tune = Callable[..., int]


@pytest.fixture
def tune(tiny_generator: Path, clean_folder: Callable[[int], Path], tmp_path: Path) -> Tune:
    clean = clean_folder(32)
    quick = tmp_path / "quick.yaml"
    quick.write_text("method: pulse\nmodel: {steps: 3, samples: 1000}\n")

    def run(output: str, *flags: str) -> int:
        given = {
            "--clean_dir": clean,
            "--output_dir": tmp_path / output,
            "--generator": tiny_generator,
            "--perceptual": "embedded",
            "--limit": 2,
        }
        return main(["benchmark", *(str(text) for pair in given.items() for text in pair), *flags])

    return run


TASKS = ("--tasks", "upsampling:M,deartifacting:M")


def test_tuning_writes_recipes_that_the_benchmark_takes(
    tune: Tune, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick = str(tmp_path / "quick.yaml")
    assert tune("tuning", *TASKS, "--tune", quick, "--trials", "4") == 0
    assert f"--methods rsi,{tmp_path / 'tuning' / 'quick_tuned'}" in capsys.readouterr().out
    recipes = tmp_path / "tuning" / "quick_tuned"
    assert sorted(path.name for path in recipes.glob("*.yaml")) == ["deartifacting-M.yaml", "upsampling-M.yaml"]
    recipe = yaml.safe_load((recipes / "upsampling-M.yaml").read_text())
    assert recipe["method"] == "pulse"
    assert recipe["model"]["steps"] == 3
    table = (recipes / "tuning.md").read_text().splitlines()[2:]
    scores = [[float(cell) for cell in line.split("|")[2:4]] for line in table]
    assert [(default, tuned) for default, tuned in scores if tuned > default] == []

    assert tune("bench", *TASKS, "--methods", f"{quick},{recipes}") == 0
    measured = (tmp_path / "bench" / "table.md").read_text()
    assert "quick_tuned" in measured
    for _, tuned in scores:
        assert f"{tuned:.3f}".lstrip("0") in measured


def test_a_search_that_was_stopped_goes_on_to_the_same_recipes(tune: Tune, tmp_path: Path) -> None:
    quick = str(tmp_path / "quick.yaml")
    tune("whole", *TASKS, "--tune", quick, "--trials", "4")
    tune("parts", *TASKS, "--tune", quick, "--trials", "2")
    before = {row.file: row.seconds for row in ResultFolder(tmp_path / "parts/quick_trials/001/upsampling-M").rows()}
    tune("parts", *TASKS, "--tune", quick, "--trials", "2")
    after = {row.file: row.seconds for row in ResultFolder(tmp_path / "parts/quick_trials/001/upsampling-M").rows()}
    assert before == after
    (tmp_path / "whole" / "quick_tuned" / "upsampling-M.yaml").unlink()
    tune("whole", *TASKS, "--tune", quick, "--trials", "4")
    assert (tmp_path / "whole" / "quick_tuned" / "upsampling-M.yaml").is_file()


def test_methods_are_tuned_into_one_folder(tune: Tune, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("method: lbrgm\nmodel: {steps: 2, draws: 2}\n")
    for recipe in (tmp_path / "quick.yaml", other):
        assert tune("tuning", "--tasks", "upsampling:M", "--tune", str(recipe), "--trials", "1") == 0
    for name in ("quick", "other"):
        assert (tmp_path / "tuning" / f"{name}_tuned" / "tuning.md").is_file()


def test_what_cannot_be_tuned_is_said(tune: Tune, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune("out", "--tune", "rsi") == 2
    assert "rsi has nothing to tune: use one of pulse, lbrgm, ddrm or a recipe of it" in capsys.readouterr().err
    assert tune("out", "--tune", "pulse", "--trials", "0") == 2
    assert "trials is 0: it must be at least 1" in capsys.readouterr().err
    assert tune("out", "--tune", "pulse,lbrgm") == 2
    assert "one method at a time" in capsys.readouterr().err
