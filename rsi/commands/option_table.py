"""Writes the table of all commands' options from their parsers: ``python -m rsi.commands.option_table``."""

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields, replace
from datetime import timedelta
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from jsonargparse import capture_parser

from rsi.commands.fit import DESCRIPTION, IMAGES_TEXT, USAGE
from rsi.commands.main import COMMANDS
from rsi.degradations.spec import OPERATORS
from rsi.generators.files.zoo import EMBEDDED, zoo
from rsi.methods.registry import DEFAULT_METHOD, METHODS
from rsi.numerics.precision import PRECISIONS
from rsi.options import table
from rsi.options.fit import FitCLI
from rsi.options.light import IMAGES
from rsi.options.local_path import generator_name, local_path
from rsi.options.precision import precision
from rsi.options.purposes import HOW_FAST, PURPOSES, WHAT
from rsi.options.recipes import recipes
from rsi.options.table import ALL, HIDDEN, TRAINER, Arguments, Command, Option
from rsi.options.text import optional_path, optional_text, path, paths, text
from rsi.training.trainer import TRAINER_DEFAULTS, USED

FILE = Path(table.__file__).with_name("table.json")
GROUPS = {"positional arguments": "arguments", "options": "options"}
MORE = "more"
OF_USE = "of use in a restoration"
REFUSED = "refused, as nothing in a restoration uses them or they would cut it short"
ARGUMENTS: Mapping[object, Arguments] = {0: "none", None: "one", 1: "one", "?": "maybe", "*": "any", "+": "any"}
WORDS: Mapping[object, str] = {
    bool: "true|false",
    int: "N",
    float: "NUMBER",
    **dict.fromkeys((path, paths, optional_path, local_path), "PATH"),
    **dict.fromkeys((str, text, optional_text), "TEXT"),
    generator_name: "NAME|PATH",
    timedelta: "TIME",
    precision: "NAME",
}
OUR_WORDS: Mapping[str, Mapping[str, Any]] = {
    "--config": {"text": "options of a recipe such as fast, see rsi recipes, or of a YAML file", "values": "NAME|PATH"},
    "--print_config": {"text": "print the options that hold, as YAML", "values": "[=FLAGS]", "topic": ALL},
    "--target_dir": {"values": "PATH|URL"},
    "--output_dir": {"values": "PATH|URL"},
    "--degradation": {"values": "NAME|CLASS"},
    "--generator": {"values": "NAME|PATH"},
    "--perceptual": {"values": "NAME|PATH"},
    "--mask_color": {"values": "COLOUR"},
    "--precision": {"default": "32"},
    "--trainer.accelerator": {"text": "cpu, gpu, mps or auto", "values": "NAME"},
    "--trainer.benchmark": {"text": "let cuDNN try which of its algorithms is the fastest"},
    "--trainer.devices+": {"text": "GPUs, or processes on a CPU, that share the images", "values": "N|auto"},
    "--trainer.precision": {"text": "the same as --precision", "values": "NAME"},
}
CHOICES: Mapping[str, Iterable[str]] = {
    "--config": recipes(),
    "--degradation": OPERATORS,
    "--precision": ("32", "bf16", *PRECISIONS),
    **dict.fromkeys(("--generator", "generator", "input"), (*EMBEDDED, *zoo())),
}
FAST = ("--trainer.accelerator", "--trainer.devices+")


def main() -> None:
    """Write the file."""
    FILE.write_text(table_text(), encoding="utf-8")


def table_text() -> str:
    """The table as JSON, an option a line."""
    commands = [_fit(), *(_simple(name) for name in COMMANDS if name != "fit")]
    parts = [f"{json.dumps(command.name)}: {_command_text(command)}" for command in commands]
    lightning = json.dumps(version("pytorch-lightning"))
    return f'{{"lightning": {lightning},\n"commands": {{\n' + ",\n".join(parts) + "\n}}\n"


def _command_text(command: Command) -> str:
    facts = {"description": command.description, "usage": command.usage, "methods": command.methods}
    head = ", ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in facts.items() if value)
    lines = ",\n".join(json.dumps(_told(option)) for option in command.options)
    return f'{{{head}, "options": [\n{lines}]}}'


def _told(option: Option) -> dict[str, Any]:
    """What is not as in most options."""
    defaults = {field.name: field.default for field in fields(Option)}
    return {name: value for name, value in asdict(option).items() if value != defaults[name]}


def _simple(name: str) -> Command:
    parser: argparse.ArgumentParser = import_module(f"rsi.commands.{name}").make_parser()
    return Command(name, str(parser.description), tuple(_options(parser)))


def _fit() -> Command:
    """The options of all methods, by purpose first, then those of the parts and of the Trainer."""
    images = Option((IMAGES,), IMAGES_TEXT, "IMAGE", group=WHAT, arguments="any")
    found: dict[Option, list[str]] = {images: [*METHODS]}
    for method in METHODS:
        for option in map(_in_our_words, _options(_fit_parser(method))):
            found.setdefault(_placed(option), []).append(method)
    options = [replace(option, methods=() if len(has) == len(METHODS) else tuple(has)) for option, has in found.items()]
    return Command("fit", DESCRIPTION, tuple(sorted(options, key=_order)), USAGE, tuple(METHODS))


def _fit_parser(method: str) -> Any:  # noqa: ANN401 - jsonargparse's
    return capture_parser(lambda: FitCLI(METHODS[method], [], run=False, trainer_defaults=TRAINER_DEFAULTS))


def _in_our_words(option: Option) -> Option:
    return replace(option, **OUR_WORDS.get(option.names[-1], {}))


def _placed(option: Option) -> Option:
    """The option with what it is for and the page of the help that it is on."""
    name = option.names[-1]
    if name in FAST:
        return replace(option, group=HOW_FAST)
    if option.group == "options":
        return replace(option, group=MORE)
    if option.topic:
        return option
    if name == "--method":
        return replace(option, default=DEFAULT_METHOD)
    if name.startswith("--trainer."):
        used = name.removeprefix("--trainer.").rstrip("+") in USED
        return replace(option, topic=TRAINER, group=OF_USE if used else REFUSED, text=option.text if used else "")
    return option if option.group in PURPOSES else replace(option, topic=ALL)


def _order(option: Option) -> tuple[int, int, bool, bool]:
    known = (*PURPOSES, MORE)
    purpose = known.index(option.group) if option.group in known else len(known)
    return ("", ALL, TRAINER, HIDDEN).index(option.topic), purpose, option.names[-1] in FAST, option.group == REFUSED


def _options(parser: Any) -> Iterator[Option]:  # noqa: ANN401 - argparse's and jsonargparse's
    for group in parser._action_groups:
        for action in group._group_actions:
            if "--help" not in action.option_strings and "-->" not in "".join(action.option_strings):
                yield _option(action, GROUPS.get(group.title, plain(group.title)))


def _option(action: Any, group: str) -> Option:  # noqa: ANN401 - argparse's and jsonargparse's
    names = tuple(action.option_strings) or (action.dest,)
    hint = getattr(action, "_typehint", None) or action.type
    is_of_a_part = action.metavar in ("CONFIG", "CLASS_PATH_OR_NAME") or names[0].endswith(".help")
    if is_of_a_part:
        return Option(names, topic=HIDDEN, arguments=ARGUMENTS[action.nargs])
    return Option(
        names=names,
        text=plain(action.help),
        values=_values(action, hint),
        default=_default(action),
        group=group,
        arguments=ARGUMENTS[action.nargs],
        choices=tuple(CHOICES.get(names[-1], ())) or _choices(action, hint),
        nested=hasattr(action, "_typehint") and any(_word(kind) in ("CLASS", "LIST") for kind in _kinds(hint)),
        required=bool(action.option_strings) and action.required,
    )


def plain(text: str) -> str:
    """A text of a docstring in plain words: no quotes of code, roles or paths of classes, no default at its end."""
    text = " ".join(text.split()).replace("%s", "")
    text = re.sub(r"[;,]? see :\w+:`[^`]*`", "", text)
    text = re.sub(r":\w+:`~?([^`]*\.)?([^`.]+)`", r"\2", text)
    text = text.replace("``", "").replace("`", "")
    return re.sub(r" Default: [^ ]+\.$", "", text)


def _values(action: Any, hint: object) -> str:  # noqa: ANN401 - argparse's and jsonargparse's
    if action.nargs == 0:
        return ""
    if action.metavar:
        return str(action.metavar).replace(",null", "")
    if action.choices:
        return f"{{{','.join(action.choices)}}}"
    words = [*dict.fromkeys(filter(None, map(_word, _kinds(hint))))] if action.option_strings else []
    return "|".join(words)


def _kinds(hint: object) -> tuple[object, ...]:
    """The members of a union, int before float: typing keeps the order of whichever library has named both first."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return (int, *(kind for kind in kinds if kind is not int)) if int in kinds and float in kinds else kinds


def _word(kind: object) -> str:
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    if kind is NoneType or kind is None:
        return ""
    return WORDS[kind] if kind in WORDS else "LIST" if get_origin(kind) in (list, Iterable) else "CLASS"


def _default(action: Any) -> str:  # noqa: ANN401 - argparse's and jsonargparse's
    value = action.default
    if isinstance(value, bool):
        return str(value).lower() if action.nargs != 0 else ""
    is_shown = isinstance(value, str | int | float | Path) and value != argparse.SUPPRESS
    return str(value) if is_shown else ""


def _choices(action: Any, hint: object) -> tuple[str, ...]:  # noqa: ANN401 - argparse's and jsonargparse's
    if bool in _kinds(hint):
        return "true", "false"
    named = [value for kind in _kinds(hint) if get_origin(kind) is Literal for value in get_args(kind)]
    return tuple(map(str, action.choices or named))


if __name__ == "__main__":
    main()
