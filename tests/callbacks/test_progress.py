import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from rsi.commands.main import main
from rsi.log import LOGGER

SHORT = Path(__file__).parents[1] / "conf" / "short.yaml"


@pytest.fixture(autouse=True)
def _normal() -> Iterator[None]:
    yield
    LOGGER.setLevel(logging.NOTSET)


class Fit:
    """Runs ``rsi fit`` in process and returns what it prints on standard output and standard error."""

    def __init__(self, generator: Path, targets: Path, output: Path, capsys: Any) -> None:
        self.output, self._capsys = output, capsys
        self.flags = ["fit", "--generator", str(generator), "--config", str(SHORT), "--target_dir", str(targets)]
        self.flags += ["--output_dir", str(output), "--report", "false"]

    def __call__(self, *flags: str) -> tuple[list[str], list[str]]:
        self._capsys.readouterr()
        main([*self.flags, *flags])
        told = self._capsys.readouterr()
        return told.out.splitlines(), told.err.splitlines()


@pytest.fixture
def fit(tiny_generator: Path, jpeg_folder: Path, tmp_path: Path, capsys: Any) -> Fit:
    return Fit(tiny_generator, jpeg_folder, tmp_path / "restored", capsys)


def test_plain_lines_where_there_is_no_terminal(fit: Fit, jpeg_folder: Path) -> None:
    (jpeg_folder / "bad.png").write_text("no picture")
    out, err = fit()
    assert [line.split(" (")[0] for line in out[:3]] == [f"restored {name}.jpg" for name in "abc"]
    assert out[3].startswith("failed bad.png: ")
    assert out[4].startswith("1 failed, 3 restored; 0:00:")
    assert "failed bad.png: " in "\n".join(err)
    assert [line for line in (*out, *err) if "\x1b" in line or "━" in line] == []


def test_end_says_where_everything_is(fit: Fit) -> None:
    out, _ = fit("--timelapse")
    places = dict(line.strip().split("  ", 1) for line in out[4:])
    assert {what: Path(where.strip()).name for what, where in places.items() if what != "TensorBoard"} == {
        "restored images": "restored",
        "comparisons": "comparisons",
        "timelapses": "timelapses",
        "numbers": "results.csv",
    }
    assert places["TensorBoard"].strip() == f"tensorboard --logdir {fit.output}"


def test_second_run_says_what_was_there_before(fit: Fit) -> None:
    fit()
    out, _ = fit()
    assert out[0].startswith("3 restored; 3 of them finished before; ")


def test_quiet_tells_errors_alone(fit: Fit, jpeg_folder: Path) -> None:
    (jpeg_folder / "bad.png").write_text("no picture")
    out, err = fit("--quiet")
    assert out == []
    assert [line.split(": ")[0] for line in err] == ["failed bad.png"]


def test_verbose_tells_settings_phases_and_files(fit: Fit) -> None:
    out, _ = fit("-v")
    assert "optimizer: ngd" in out
    phases = [line.split(": loss ")[0] for line in out if " steps" in line and ": loss " in line]
    assert phases == ["W", "W+", "W++"]
    files = next(line for line in out if line.startswith("  files: "))
    assert str(fit.output / "latents" / "a.safetensors") in files


def test_names_cannot_write_on_the_terminal(fit: Fit, jpeg_folder: Path) -> None:
    Image.open(jpeg_folder / "a.jpg").save(jpeg_folder / "d\x1b[31m.jpg")
    out, err = fit()
    assert "restored d\\x1b[31m.jpg" in "\n".join(out)
    assert [line for line in (*out, *err) if "\x1b" in line] == []


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that nobody has the terminal open any more
        return b""


def in_terminal(flags: Sequence[str], columns: int, lines_to: Path | None = None) -> str:
    """What ``rsi`` writes on a terminal; its standard output may go to a file instead."""
    terminal, end = os.openpty()
    subprocess.run(["stty", "rows", "40", "cols", str(columns)], stdin=end, check=True)
    environment = {**os.environ, "TERM": "xterm"}
    with lines_to.open("wb") if lines_to else os.fdopen(os.dup(end), "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "rsi", *flags], stdin=end, stdout=output, stderr=end, env=environment
        )
    os.close(end)
    written = b"".join(iter(lambda: read(terminal), b""))
    os.close(terminal)
    assert process.wait() == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode())


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 120])
def test_bar_fits_the_terminal_and_long_names_stay_whole(fit: Fit, jpeg_folder: Path, columns: int) -> None:
    name = f"{'a long name ' * 15}.jpg"
    (jpeg_folder / "a.jpg").rename(jpeg_folder / name)
    shown = in_terminal(fit.flags, columns)
    bars = [part for part in re.split(r"[\r\n]+", shown) if "━" in part]
    assert re.search(r"3/3 images ━+ W\+\+ 7/7 loss \d\.\d{4} \S+/min \S+ / \S+ left", "\n".join(bars))
    assert max(map(len, bars)) <= columns
    assert f"restored {name} (loss" in shown


@pytest.mark.slow
def test_lines_go_to_a_file_while_the_bar_stays_on_the_terminal(fit: Fit, tmp_path: Path) -> None:
    shown = in_terminal(fit.flags, 80, lines_to=tmp_path / "lines.txt")
    lines = (tmp_path / "lines.txt").read_text()
    assert "━" in shown
    assert "restored a.jpg" not in shown
    assert [line.split(" (")[0] for line in lines.splitlines()[:3]] == [f"restored {name}.jpg" for name in "abc"]
    assert "\x1b" not in lines
