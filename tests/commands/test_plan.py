"""``rsi fit --dry_run``."""

from pathlib import Path

import pytest

from rsi.commands.main import main

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture
def command(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path) -> list[str]:
    flags = ["--generator", str(tiny_generator), "--config", str(SHORT), "--report", "false"]
    return ["fit", str(jpeg_folder), *flags, "--output_dir", str(tmp_path / "out")]


def test_it_says_how_many_how_long_and_how_much_memory(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--dry_run"]) == 0
    images, time, memory = capsys.readouterr().out.splitlines()[-3:]
    assert images == "3 of 3 images would be restored, 0 are finished"
    assert time == "about 0:00:01 an image, 0:00:01 in all, 7 steps an image"
    assert memory.endswith("GB of memory a process, 3 at once")
    assert not (tmp_path / "out").exists()


def test_finished_images_are_not_counted_again(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--dry_run"]) == 0
    assert capsys.readouterr().out.splitlines() == ["0 of 3 images would be restored, 3 are finished"]


def test_images_that_cannot_be_read_are_told(
    command: list[str], jpeg_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in jpeg_folder.iterdir():
        path.write_bytes(b"\xff\xd8\xff broken")
    assert main([*command, "--dry_run"]) == 2
    assert "cannot be read" in capsys.readouterr().err
