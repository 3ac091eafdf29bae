import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest
from processes import SINGLE, flags, make_images

from rsi.commands.main import main
from rsi.commands.streams import lasting_streams

Replace = Callable[[str, TextIO | None], None]


@pytest.fixture
def replace(monkeypatch: pytest.MonkeyPatch) -> Replace:
    """Make a stream the process's own."""

    def replace(name: str, stream: TextIO | None) -> None:
        for attribute in (name, f"__{name}__"):
            monkeypatch.setattr(sys, attribute, stream)

    return replace


def test_characters_that_the_terminal_lacks_are_escaped(replace: Replace, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        replace("stdout", stream)
        with lasting_streams():
            print("müller.jpg, 写真.png")
        assert sys.stdout is stream
    assert (tmp_path / "log").read_text() == "m\\xfcller.jpg, \\u5199\\u771f.png\n"


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_what_is_written_after_the_reader_has_gone_is_lost(replace: Replace, name: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        replace(name, stream)
        with lasting_streams():
            print("x" * 100_000, file=getattr(sys, name), flush=True)
            print("restored", file=getattr(sys, name))


def test_closed_streams_can_be_written_to(replace: Replace) -> None:
    replace("stdout", None)
    replace("stderr", None)
    with lasting_streams():
        print("restored", file=sys.stdout)
        print("failed", file=sys.stderr)
        assert not sys.stdout.isatty()
    assert sys.stdout is None


def test_streams_of_others_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with lasting_streams():
        assert sys.stdout is before
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rsi ")


@pytest.mark.skipif(os.name != "posix", reason="a shell's redirections")
def test_run_goes_on_without_anyone_to_tell(tiny_generator: Path, tmp_path: Path) -> None:
    command = flags(make_images(tmp_path / "in", 2), tmp_path / "out", tiny_generator)
    line = ["sh", "-c", '"$@" >&- 2>&- <&-', "sh", sys.executable, "-m", "rsi", *command]
    assert subprocess.run(line, env=SINGLE).returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["0.png", "1.png"]
    assert not any(b"restored 0.jpg" in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
