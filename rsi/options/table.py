"""The options of all commands as a table: what can be said of them without torch and Lightning, whose parsers they are.

``table.json`` is written from the parsers by ``python -m rsi.commands.option_table``; a test compares the two.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

ALL, TRAINER, HIDDEN = "all", "trainer", "hidden"
EVERYTHING = "everything"
PAGES = {"": [""], ALL: ["", ALL], TRAINER: [TRAINER], EVERYTHING: ["", ALL, TRAINER]}
"""The topics that each page of the help has; the last is no page, but what a shell completes."""
Arguments = Literal["none", "one", "any", "maybe"]


@dataclass(frozen=True)
class Option:
    """An option, or an argument that has a place instead of a name.

    Attributes:
        names: Its spellings; of an argument what it is called.
        text: What it does, in plain words.
        values: What it takes, in a word; empty if nothing.
        default: What holds where it is left out; empty if the text says so or nothing does.
        group: What it is for.
        topic: The page of the help that has it: empty for the first one, ``all``, ``trainer`` or ``hidden``.
        arguments: How many values follow it.
        choices: The values that it takes, where they are few.
        nested: Names that begin with its own and a dot are options, too, as of a class with arguments.
        required: It has to be given.
        methods: The methods that have it; empty if all do.
    """

    names: tuple[str, ...]
    text: str = ""
    values: str = ""
    default: str = ""
    group: str = ""
    topic: str = ""
    arguments: Arguments = "one"
    choices: tuple[str, ...] = ()
    nested: bool = False
    required: bool = False
    methods: tuple[str, ...] = ()


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        name: Its name.
        description: What it does, in one or two sentences.
        options: Its options, those for all methods and those for some.
        usage: How it is called; left out, its options say.
        methods: The methods that its options depend on, the default first.
    """

    name: str
    description: str
    options: tuple[Option, ...] = ()
    usage: str = ""
    methods: tuple[str, ...] = field(default=())

    def of_method(self, method: str) -> list[Option]:
        """The options that it has with a method."""
        return [option for option in self.options if not option.methods or method in option.methods]


@cache
def read_table() -> dict[str, Command]:
    """The commands by name."""
    return {name: _command(name, facts) for name, facts in _stored()["commands"].items()}


def lightning_version() -> str:
    """The version of Lightning whose options are in the table."""
    return str(_stored()["lightning"])


@cache
def _stored() -> Mapping[str, Any]:
    text = (resources.files("rsi.options") / "table.json").read_text(encoding="utf-8")
    stored: Mapping[str, Any] = json.loads(text)
    return stored


def _command(name: str, facts: Mapping[str, Any]) -> Command:
    options = tuple(Option(**{key: _frozen(value) for key, value in option.items()}) for option in facts["options"])
    return Command(name, options=options, **{key: _frozen(facts[key]) for key in facts.keys() - {"options"}})


def _frozen(value: Any) -> Any:  # noqa: ANN401 - whatever JSON has
    return tuple(value) if isinstance(value, list) else value
