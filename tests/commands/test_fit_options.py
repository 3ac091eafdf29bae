"""What ``rsi fit`` makes of options that are unusual, nearly right or cannot be met."""

import time
from pathlib import Path

import pytest
import yaml
from PIL import Image

from rsi.commands.main import main
from rsi.results.folder import ResultFolder

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture
def command(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> list[str]:
    folders = ["--target_dir", str(jpeg_folder), "--output_dir", str(tmp_path / "out")]
    return ["fit", "--generator", str(tiny_generator), "--config", str(SHORT), "--report", "false", *folders]


@pytest.fixture
def painted(tmp_path: Path) -> Path:
    folder = tmp_path / "painted"
    folder.mkdir()
    picture = Image.new("RGB", (32, 32), (90, 120, 100))
    picture.paste((255, 0, 255), (8, 8, 16, 16))
    picture.save(folder / "a.png")
    return folder


@pytest.mark.parametrize("way", ["command line", "yaml"])
def test_colour_of_a_mask_as_the_readme_gives_it(way: str, command: list[str], painted: Path, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text('mask_color: "#ff00ff"\n')
    color = ["--mask_color", "#ff00ff"] if way == "command line" else ["--config", str(tmp_path / "c.yaml")]
    assert main([*command, "--target_dir", str(painted), "--degradation", "inpaint", *color]) == 0
    saved, again = tmp_path / "out" / "config.yaml", tmp_path / "again"
    assert yaml.safe_load(saved.read_text())["mask_color"] == "#ff00ff"
    assert main(["fit", "--config", str(saved), "--output_dir", str(again)]) == 0
    assert (again / "a.png").read_bytes() == (tmp_path / "out" / "a.png").read_bytes()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--mask_color", "null"], "'null'"),
        (["--mask_color", "#zzz"], "'#zzz'"),
        (["--mask_dir", "#1"], "mask_dir '#1' is not a folder"),
        (["--target_dir", "null"], "the target folder 'null' does not exist"),
        (["--target_dir", "[a]"], "the target folder '[a]' does not exist"),
        (["--generator", "007"], "007"),
        (["--degradation", "#x"], 'unknown degradation "#x"'),
        (["--degradation", "null"], 'unknown degradation "null"'),
        (["--output_dir", "~no-one/x"], "--output_dir ~no-one/x: there is no such home folder; write ./~no-one/x"),
        (["--trainer.max_steps", "3"], "--trainer.max_steps 3 cannot be used, leave it out; every image takes the"),
        (["--trainer.strategy", "ddp"], "--trainer.strategy ddp cannot be used, leave it out"),
        (["--trainer.devices", "0"], "--trainer.devices is 0: give a number from 1 or auto"),
        (["--trainer.gradient_clip_val", "1"], "gradients are not clipped"),
        (["--trainer.profiler", "stopwatch"], "the Trainer cannot be made"),
        (["--trainer.num_nodes", "2"], "2 nodes are asked for, and no launcher says which one this is"),
    ],
)
def test_what_cannot_be_used_is_one_line_with_status_2(
    command: list[str], flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, *flags]) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith("rsi: ")
    assert message in told[-1]
    assert not (tmp_path / "out" / "results.csv").exists()


def test_home_folder_on_the_command_line_and_in_yaml(
    command: list[str], jpeg_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c.yaml").write_text("target_dir: ~/targets\noutput_dir: ~/yaml\n")
    assert main([*command, "--target_dir=~/targets", "--output_dir=~/flags"]) == 0
    assert main([*command, "--config=~/c.yaml"]) == 0
    assert not (tmp_path / "~").exists()
    for folder in ("flags", "yaml"):
        assert {path.name for path in (tmp_path / folder).glob("*.*")} >= {"a.png", "results.csv", "config.yaml"}


def test_clock_that_is_set_back(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: 2 * now - time.monotonic() * 1000)
    for _ in range(2):
        assert main([*command, "--overwrite"]) == 0
        assert [row.status for row in ResultFolder(tmp_path / "out").rows()] == ["restored"] * 3


def test_failures_come_first_and_nothing_is_called_restored(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad").mkdir()
    for name in "ab":
        (tmp_path / "bad" / f"{name}.png").write_text("no picture")
    assert main([*command, "--target_dir", str(tmp_path / "bad")]) == 1
    *failures, counts, places = capsys.readouterr().out.split("\n", 3)
    assert [line.split(": ")[0] for line in failures] == ["failed a.png", "failed b.png"]
    assert counts.startswith("2 failed; ")
    assert "results.csv" in places
    assert "restored images" not in places
    assert "comparisons" not in places


def test_images_that_are_restored_are_where_the_closing_lines_say(
    command: list[str], jpeg_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (jpeg_folder / "bad.png").write_text("no picture")
    assert main(command) == 1
    told = capsys.readouterr().out.splitlines()
    closing = told[told.index(next(line for line in told if line.startswith("failed bad.png: "))) :]
    assert closing[1].startswith("1 failed, 3 restored; ")
    assert f"  restored images  {tmp_path / 'out'}" in closing
