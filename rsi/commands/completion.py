"""``rsi completion``: what makes a shell complete the commands, options and values of ``rsi``."""

import argparse
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from rsi.errors import InputError
from rsi.options.chosen_method import chosen_method
from rsi.options.light import LightParser
from rsi.options.parser import CommandParser
from rsi.options.table import EVERYTHING, Option, read_table

SHELLS = ("bash", "zsh", "fish")
ASKED = "_ARGCOMPLETE"  # argcomplete's own variable, set by a shell that wants to know how a line may go on


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi completion",
        description="Prints what makes a shell complete commands, options, recipes and generators. In bash and zsh: "
        'eval "$(rsi completion bash)", with zsh for bash there; in fish: rsi completion fish | source.',
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell")
    return parser


def main(argv: Sequence[str]) -> int:
    """Print the shell's code."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["rsi"], shell=make_parser().parse_args(argv).shell))
    return 0


def answer_shell(commands: Mapping[str, str]) -> None:
    """If it is a shell that asks, say how its line may go on and end the program.

    Args:
        commands: What each command does.
    """
    if ASKED not in os.environ:
        return
    import argcomplete

    words = os.environ.get("COMP_LINE", "").split()
    parser = argparse.ArgumentParser("rsi")
    parser.add_argument("--version", action="store_true", help="show the version")
    kind: Any = partial(_parser_of, words)
    added = parser.add_subparsers(parser_class=kind)
    for name, text in commands.items():
        added.add_parser(name, help=text)
    argcomplete.autocomplete(parser)


def _parser_of(words: Sequence[str], prog: str, **_: object) -> LightParser:
    """The parser of a command with the values that its options take."""
    command = read_table()[prog.split()[-1]]
    try:
        method = chosen_method(words, command.methods[0]) if command.methods else ""
    except InputError:  # a recipe whose name is not whole yet
        method = command.methods[0]
    parser = LightParser(command, method, EVERYTHING)
    for option, action in parser.listed:
        action.completer = _completer(option)  # type: ignore[attr-defined] # argcomplete's own
    return parser


def _completer(option: Option) -> Any:  # noqa: ANN401 - argcomplete's
    from argcomplete.completers import ChoicesCompleter, FilesCompleter

    choices: Any = ChoicesCompleter(option.choices)  # type: ignore[arg-type] # it takes more than it says
    if "PATH" not in option.values and option.arguments != "any" and option.values:
        return choices
    files = FilesCompleter()
    return lambda **line: [*choices(**line), *files(**line)]
