"""A parser that knows of options what the table says: enough for help, completion, wrong names and some values."""

import argparse
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rsi.errors import InputError
from rsi.options.chosen_method import chosen_method
from rsi.options.parser import CommandParser
from rsi.options.table import PAGES, Command, Option, lightning_version, read_table

NARGS: dict[str, Any] = {"none": 0, "one": None, "any": "*", "maybe": "?"}
IMAGES = "images"
PRINT_CONFIG = "--print_config"
WIDEST = 100
INDENT = 26


@dataclass(frozen=True)
class CommandLine:
    """What was given to a command.

    Attributes:
        options: Options and their values, spelt as the command's own parser has them.
        images: What ``rsi fit`` was given without a name.
    """

    options: list[str]
    images: list[str]


def read_command_line(name: str, argv: Sequence[str]) -> CommandLine:
    """Tell options from images; show help and end the program where that is asked for or a name is wrong.

    Args:
        name: The command.
        argv: What was given to it.

    Raises:
        InputError: There is no such method or recipe.
    """
    command = read_table()[name]
    method = chosen_method(argv, command.methods[0]) if command.methods else ""
    if command.methods and method not in command.methods:
        raise InputError(f'there is no method "{method}": use one of {", ".join(command.methods)}')
    return LightParser(command, method).read(argv)


class LightParser(CommandParser):
    """Knows the names of a command's options and how many values follow each.

    Args:
        command: The command.
        method: The method that its options are for.
        topic: The page of the help that is shown, one of ``PAGES``.

    Attributes:
        listed: The options of the table and argparse's actions for them.
    """

    def __init__(self, command: Command, method: str = "", topic: str = "") -> None:
        width = min(shutil.get_terminal_size().columns, WIDEST) - 2
        layout: Any = partial(argparse.HelpFormatter, max_help_position=INDENT, width=width)
        super().__init__(
            f"rsi {command.name}",
            usage=command.usage or None,
            description=command.description,
            formatter_class=layout,
            add_help=False,
        )
        self._command, self._method, self._topic = command, method, topic
        self._sections: dict[str, Any] = {}
        self.listed: list[tuple[Option, argparse.Action]] = []
        self._options = command.of_method(method)
        for option in self._options:
            self._add(option)
        self._add_help()

    def read(self, argv: Sequence[str]) -> CommandLine:
        """Tell options from images; show help and end the program where that is asked for or a name is wrong."""
        end = argv.index("--") if "--" in argv else len(argv)
        words = [_Word(self._spelt(word)) for word in argv[:end]]
        for word in words:
            self._add_unlisted(word.partition("=")[0])
        paths = [_Word(f"./{word}" if word.startswith("-") else word) for word in argv[end + 1 :]]
        chosen, unknown = self.parse_known_intermixed_args([*words, *paths])
        self._refuse(unknown)
        images = getattr(chosen, IMAGES, None)
        if images is None:
            return CommandLine([*map(str, words), *argv[end:]], [])
        apart = {id(image) for image in images}
        return CommandLine([str(word) for word in words if id(word) not in apart], [*map(str, images)])

    def show(self, topic: object) -> None:
        """Print a page of the help, the first one where there is no such page, and end the program."""
        page = next((option.topic for option in self._options if option.topic == topic), "")
        LightParser(self._command, self._method, page).print_help()
        self.exit()

    def _add(self, option: Option) -> None:
        settings: dict[str, Any] = {"help": self._help(option)}
        if option.arguments == "none":
            settings["action"] = "store_true"
        else:
            settings |= {"nargs": NARGS[option.arguments], "metavar": option.values or None}
        if option.required:
            settings["required"] = True
        if option.values == "N":
            settings["type"] = int
        elif option.values == f"{{{','.join(option.choices)}}}" and option.choices != ("true", "false"):
            settings["choices"] = option.choices
        if option.group not in self._sections:
            self._sections[option.group] = self.add_argument_group(option.group)
        shown = [name for name in option.names if not name.endswith("+")]
        self.listed.append((option, self._sections[option.group].add_argument(*shown, **settings)))
        for name in {*option.names}.difference(shown):
            self.add_argument(name, **{**settings, "help": argparse.SUPPRESS})

    def _add_help(self) -> None:
        """Add ``--help``, which takes a page where there are several, and does not mind other words after it."""
        has_pages = any(option.topic for option in self._options)
        text = "show this, all options, or those of Lightning's Trainer" if has_pages else "show this"
        section = self._sections.get("more") or self._sections.get("options") or self.add_argument_group("options")
        section.add_argument(
            "--help", nargs="?" if has_pages else 0, action=_ShowHelp, metavar="all|trainer", help=text
        )
        self.add_argument("-h", nargs="?", action=_ShowHelp, help=argparse.SUPPRESS)

    def _help(self, option: Option) -> str:
        if option.topic not in PAGES[self._topic]:
            return argparse.SUPPRESS
        text = f"{option.text} (default: {option.default})" if option.default else option.text
        return text.replace("%", "%%")

    def _spelt(self, word: str) -> str:
        """The word as the command has it: ``--target_dir`` for ``--target-dir``."""
        if not word.startswith("--") or " " in word:
            return word
        name, equals, value = word.partition("=")
        underscored = f"--{name[2:].replace('-', '_')}"
        spelt = underscored if self._knows(underscored) else name
        return f"{spelt}=" if spelt == PRINT_CONFIG and not equals else f"{spelt}{equals}{value}"

    def _knows(self, name: str) -> bool:
        return any(name in option.names for option in self._command.options) or self._is_nested(name)

    def _is_nested(self, name: str) -> bool:
        return any(name.startswith(f"{own}.") for option in self._options if option.nested for own in option.names)

    def _add_unlisted(self, name: str) -> None:
        """Take an option that is no misspelling though the table lacks it."""
        if not name.startswith("--") or name in self._option_string_actions:
            return
        if self._is_nested(name) or _is_of_another_lightning(name):
            self.add_argument(name, help=argparse.SUPPRESS)

    def _refuse(self, unknown: Sequence[str]) -> None:
        """End the program over options that the method or the command lacks."""
        for name in (word.partition("=")[0] for word in unknown):
            others = [method for option in self._command.options if name in option.names for method in option.methods]
            if others:
                self.error(
                    f"--method {self._method} has no {name}, which is an option of --method {' or '.join(others)}"
                )
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")


class _Word(str):
    """A word of a command line, told from others with the same letters by which object it is."""


class _ShowHelp(argparse.Action):
    def __call__(self, parser: Any, namespace: object, values: Any, option_string: object = None) -> None:  # noqa: ANN401, ARG002
        parser.show(values)


def _is_of_another_lightning(name: str) -> bool:
    """Whether an option may be one of the Trainer's that has come or gone with another version than the table's."""
    if not name.startswith("--trainer."):
        return False
    from importlib.metadata import version  # takes longer to import than all the rest

    return version("pytorch-lightning") != lightning_version()
