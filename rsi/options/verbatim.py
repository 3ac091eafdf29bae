"""A parser of jsonargparse's whose options take text as it is, and write it so that it is read again as text."""

import re
from collections.abc import Sequence
from pathlib import Path
from types import NoneType
from typing import Any, get_args

import yaml
from jsonargparse import set_dumper
from jsonargparse._typehints import ActionTypeHint
from jsonargparse._util import NestedArg
from pytorch_lightning.cli import LightningArgumentParser

from rsi.options.parser import meant
from rsi.options.text import optional_text, text, texts

TEXTS = str | Sequence[str]


class OptionParser(LightningArgumentParser):
    """Lightning's parser, in which text stays text, and an option is never taken for another that it is a part of."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - jsonargparse's
        super().__init__(*args, **{**settings, "allow_abbrev": False})

    def add_argument(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, D102 - the groups get a copy of it
        hint = getattr(kwargs.get("action"), "_typehint", kwargs.get("type"))
        if is_text(hint) or hint == TEXTS:
            kwargs.pop("action", None)
            kwargs["type"] = texts if hint == TEXTS else optional_text if NoneType in get_args(hint) else text
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


class _Dumper(yaml.SafeDumper):  # type: ignore[misc] # PyYAML has no types
    """PyYAML's writer, which puts text such as ``1e3`` in quotes, too: jsonargparse reads it as a number."""


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*([eE][-+]?[0-9]+)$"), list("-+0123456789")
)


def _dump(options: dict[str, Any]) -> str:
    dumped: str = yaml.dump(options, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, sort_keys=False)
    return dumped


set_dumper("yaml", _dump)
