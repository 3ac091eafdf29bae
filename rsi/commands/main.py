"""The ``rsi`` command.

jsonargparse's sub-commands do not replace this: they need the complete parser of every command, hence all imports,
before ``rsi --help`` can answer. Here help and wrong names are answered from a table of all options; the command itself
is imported after that.
"""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from rsi.commands.completion import answer_shell
from rsi.commands.streams import lasting_streams
from rsi.errors import NO_SPACE, InputError
from rsi.imports.extras import check_extra
from rsi.imports.quick import import_quickly
from rsi.options.light import read_command_line

COMMANDS = {
    "restore": "restore the faces in photographs and put them back",
    "fit": "restore degraded images",
    "app": "open a page in the browser to restore pictures with",
    "estimate": "say what is wrong with pictures",
    "benchmark": "degrade clean images, restore them and print the paper's tables",
    "generators": "list the generators that have a name, and what is downloaded",
    "recipes": "list the sets of options that --config knows by name",
    "inspect": "say what is in a generator file and whether it can be used",
    "convert": "turn a generator of any format into a .safetensors file",
    "report": "write index.html, all results of a run in one page",
    "render": "draw the image of a latent that fit has saved",
    "align": "cut faces out of photographs as FFHQ was made",
    "paste": "put restored faces back into their photographs",
    "completion": "print what makes a shell complete these",
}

EXTRAS = {"app": "app", "benchmark": "benchmark"}

USAGE = """usage: rsi COMMAND [OPTIONS]

Robust StyleGAN Inversion: restores degraded images with a pretrained StyleGAN2, without supervision.

commands:
{commands}

`rsi COMMAND --help` says more, for example:

  rsi fit face.jpg --degradation jpeg
  rsi fit faces/ --degradation upsample+noise:M --generator ffhq1024
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status: 0, 1 if some image failed, 2 for bad input."""
    answer_shell(COMMANDS)
    with lasting_streams():
        return _main(argv)


def _main(argv: Sequence[str] | None) -> int:
    command, *rest = [*(sys.argv[1:] if argv is None else argv)] or ["--help"]
    if command in ("-h", "--help"):
        print(_usage(), end="")
        return 0
    if command == "--version":
        from importlib.metadata import version  # takes longer to import than all the rest

        print(f"rsi {version('rsi')}")
        return 0
    if command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS, n=1, cutoff=0.65)
        instead = f"did you mean {close[0]}?" if close else f"use one of {', '.join(COMMANDS)}"
        print(f"rsi: there is no command {command!r}: {instead}", file=sys.stderr)
        return 2
    return _run(command, rest)


def _run(command: str, argv: Sequence[str]) -> int:
    sys.path.append(str(Path.cwd()))  # so that --degradation my_module.MyBlur finds my_module.py
    try:
        line = read_command_line(command, argv)
        if command in EXTRAS:
            check_extra(EXTRAS[command], f"rsi {command}")
        status: int = import_quickly(f"rsi.commands.{command}").main([*line.options, *line.images])
    except InputError as error:
        print(f"rsi: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        remedy = "make space" if error.errno in NO_SPACE else "mend it"
        print(f"rsi: {where}{error.strerror or error}: {remedy} and give the same command again", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rsi: interrupted", file=sys.stderr)
        return 130
    return status


def _usage() -> str:
    width = max(map(len, COMMANDS))
    return USAGE.format(commands="\n".join(f"  {name:{width}}  {text}" for name, text in COMMANDS.items()))
