"""Paths on the command line."""

import argparse
from pathlib import Path

from rsi.storage.location import is_url


def local_path(text: str) -> Path:
    """The type of arguments that name a file or folder of this machine; a leading ``~`` is the home folder.

    Raises:
        argparse.ArgumentTypeError: It is a URL, or there is no such home folder.
    """
    if is_url(text):
        raise argparse.ArgumentTypeError(f"{text} is a URL: give a path of this machine")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"there is no home folder for {text}: write the path out") from None


def generator_name(text: str) -> str:
    """The type of arguments that take a generator: a name of the zoo as it is, or the path of a file."""
    return str(local_path(text))
