"""Parsers that never take an option for another that it is nearly the name of, but say which one may be meant."""

import argparse
import difflib
import re
from collections.abc import Iterable
from typing import Any


class CommandParser(argparse.ArgumentParser):
    """argparse's parser, without abbreviations."""

    def __init__(self, *args: Any, **settings: Any) -> None:  # noqa: ANN401 - argparse's
        super().__init__(*args, **{**settings, "allow_abbrev": False})

    def error(self, message: str) -> Any:  # noqa: ANN401 - it does not return
        """End the program, with the options that may be meant."""
        super().error(message + meant(message, self._option_string_actions))


def meant(message: str, options: Iterable[str]) -> str:
    """What to add to a parser's message about options that do not exist.

    Args:
        message: The message.
        options: The options that exist.
    """
    if not message.startswith("unrecognized arguments: "):
        return ""
    known = list(options)
    unknown = [part.partition("=")[0] for part in re.findall(r"(?<=\s)--?[a-zA-Z]\S*", message)]
    found = [close[0] for name in unknown if (close := difflib.get_close_matches(name, known, n=1))]
    return f"; did you mean {' and '.join(dict.fromkeys(found))}?" if found else ""
