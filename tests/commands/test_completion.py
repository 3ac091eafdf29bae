"""What shells are told when a line is to be completed, in their own way of asking."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rsi.commands.main import COMMANDS, main

BASH = """
eval "$(rsi completion bash)"
complete -p rsi > /dev/null
COMP_LINE={line} COMP_TYPE=9
COMP_POINT=${{#COMP_LINE}}
_python_argcomplete rsi
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
ZSH = """
autoload -Uz compinit && compinit -u -D
eval "$(rsi completion zsh)"
_describe() {{ print -l -- ${{(P)2}} }}
BUFFER={line}
CURSOR=${{#BUFFER}}
words=(${{(z)BUFFER}})
_python_argcomplete
"""
FISH = """
rsi completion fish | source
complete -C {line}
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which ``rsi`` is the package under test, and there are two pictures."""
    command = tmp_path / "bin" / "rsi"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m rsi "$@"\n')
    command.chmod(0o755)
    for name in ("face_1.png", "face_2.jpg"):
        (tmp_path / name).touch()
    packages = os.pathsep.join(path for path in (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH")) if path)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": packages, "HOME": str(tmp_path)}


@pytest.mark.parametrize(
    ("line", "answers"),
    [
        ("rsi ", [*COMMANDS]),
        ("rsi gen", ["generators"]),
        ("rsi fit --sam", ["--samples"]),
        ("rsi fit imgs/ --trainer.dev", ["--trainer.devices"]),
        ("rsi fit --model.noise_m", []),
        ("rsi fit --config pulse --model.noise_m", ["--model.noise_maps"]),
        ("rsi fit --config f", ["face_1.png", "face_2.jpg", "fast", "ffhq1024"]),
        ("rsi fit --generator avat", ["avatars128"]),
        ("rsi fit --degradation j", ["jpeg"]),
        ("rsi fit --fit ", ["crop", "pad"]),
        ("rsi fit fac", ["face_1.png", "face_2.jpg"]),
        ("rsi inspect ffhq", ["ffhq1024", "ffhq256"]),
        ("rsi align --si", ["--size"]),
        ("rsi completion z", ["zsh"]),
    ],
)
def test_commands_options_values_and_files(
    line: str, answers: list[str], environment: dict[str, str], tmp_path: Path
) -> None:
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "fish",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": "said",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "rsi"],
        env=environment | asked,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    said = (tmp_path / "said").read_text().split("\n")
    assert sorted(word.strip() for word in said if word and word not in ("-h", "--help", "--version")) == sorted(
        answers
    )
    imported = {entry.rpartition("|")[2].strip() for entry in done.stderr.splitlines()}
    assert "rsi.options.light" in imported
    assert not {"torch", "pytorch_lightning", "numpy"} & imported


@pytest.mark.parametrize(("shell", "script"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)])
def test_shell_completes(shell: str, script: str, environment: dict[str, str], tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    for line, answer in (("rsi fit --sam", "--samples"), ("rsi fit --config fas", "fast")):
        program = script.format(line=shlex.quote(line))
        done = subprocess.run(
            [shell, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert [said.replace(":", "\t").split("\t")[0].strip() for said in done.stdout.splitlines()] == [answer]


def test_shell_that_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "tcsh"])
    assert "invalid choice: 'tcsh'" in capsys.readouterr().err
