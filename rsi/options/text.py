"""Options that take text, which is never read as YAML, and paths, which may begin with ``~`` for the home folder."""

import os
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from jsonargparse._typehints import ActionTypeHint
from jsonargparse._util import NestedArg
from pytorch_lightning.cli import LightningArgumentParser

from rsi.errors import InputError
from rsi.options.parser import meant
from rsi.storage.location import is_url


def text(value: Any) -> str:  # noqa: ANN401 - whatever YAML has in it
    """The text as it is; jsonargparse would read ``null`` and ``#ff00ff`` as nothing where nothing is possible, too."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text: put it in quotes")
    return str(value)


def optional_text(value: Any) -> str | None:  # noqa: ANN401 - whatever YAML has in it
    """The same, where the option may be left out."""
    return None if value is None else text(value)


def path(value: Any) -> str:  # noqa: ANN401 - whatever YAML has in it
    """A path or URL, with the home folder for ``~`` and ``~user`` in front of a path.

    Where there is no such folder it stays as it is, for :func:`check_home`.
    """
    given = text(value)
    return given if is_url(given) else os.path.expanduser(given)  # noqa: PTH111 - it raises nothing


def optional_path(value: Any) -> str | None:  # noqa: ANN401 - whatever YAML has in it
    """The same, where the option may be left out."""
    return None if value is None else path(value)


def check_home(option: str, value: str | Path | None) -> None:
    """Refuse a path that begins with the home folder of nobody, so that no folder called ``~`` is made.

    Raises:
        InputError: It does.
    """
    if str(value).startswith("~"):
        raise InputError(f"{option} {value}: there is no such home folder; write ./{value} for a folder of that name")


class OptionParser(LightningArgumentParser):
    """Lightning's parser, in which text stays text, and an option is never taken for another that it is a part of."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - jsonargparse's
        super().__init__(*args, **{**settings, "allow_abbrev": False})

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, D102 - the groups get a copy of it
        hint = getattr(kwargs.get("action"), "_typehint", kwargs.get("type"))
        if is_text(hint):
            kwargs.pop("action", None)
            kwargs["type"] = optional_text if NoneType in get_args(hint) else text
        action = super().add_argument(*args, **kwargs)
        if type(action) is ActionTypeHint:
            action.__class__ = VerbatimArguments
        return action

    def error(self, message: str, *cause: Any) -> Any:  # noqa: ANN401 - jsonargparse's signature
        """End the program, with the options that may be meant."""
        parsers = [self, *(self._subcommands_action.choices.values() if self._subcommands_action else ())]
        super().error(
            message + meant(message, [name for parser in parsers for name in parser._option_string_actions]), *cause
        )


def is_text(hint: object) -> bool:
    """Whether a type is text alone, such as ``str | None``."""
    kinds = get_args(hint) or (hint,)
    return str in kinds and set(kinds) <= {str, Path, NoneType}


class Verbatim(str):
    """Text that jsonargparse does not read as YAML, as it does with anything whose type is ``str`` itself."""


class VerbatimArguments(ActionTypeHint):
    """An option of a class, such as ``--degradation``, that leaves it to each argument of the class to be text or not.

    jsonargparse reads ``--degradation.name null`` as YAML before it looks at the type of ``name``.
    """

    def _check_type(self, value: Any, append: Any = False, cfg: Any = None, mode: Any = None) -> Any:  # noqa: ANN401
        if isinstance(value, NestedArg) and type(value.val) is str:
            value = NestedArg(key=value.key, val=Verbatim(value.val))
        elif isinstance(value, Verbatim):
            value = str(value)
        # jsonargparse hands on what this method has names for
        return super()._check_type(value, append=append, cfg=cfg, mode=mode)  # type: ignore[no-untyped-call]
