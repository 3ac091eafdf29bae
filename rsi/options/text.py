"""Text, never read as YAML, and paths, which may begin with ``~`` for the home folder, as options take them."""

import os
from pathlib import Path
from typing import Any

from rsi.errors import InputError
from rsi.storage.location import is_url


def text(value: Any) -> str:  # noqa: ANN401 - whatever YAML has in it
    """The text as it is; jsonargparse would read ``null`` and ``#ff00ff`` as nothing where nothing is possible, too."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text: put it in quotes")
    return str(value)


def texts(value: Any) -> str | list[str]:  # noqa: ANN401 - whatever YAML has in it
    """One text, or a list of them."""
    return [text(one) for one in value] if isinstance(value, list) else text(value)


def optional_text(value: Any) -> str | None:  # noqa: ANN401 - whatever YAML has in it
    """The same, where the option may be left out."""
    return None if value is None else text(value)


def path(value: Any) -> str:  # noqa: ANN401 - whatever YAML has in it
    """A path or URL, with the home folder for ``~`` and ``~user`` in front of a path.

    Where there is no such folder it stays as it is, for :func:`check_home`.
    """
    given = text(value)
    return given if is_url(given) else os.path.expanduser(given)  # noqa: PTH111 - it raises nothing


def paths(value: Any) -> str | list[str]:  # noqa: ANN401 - whatever YAML has in it
    """One path or URL, or a list of them."""
    return [path(one) for one in value] if isinstance(value, list) else path(value)


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
