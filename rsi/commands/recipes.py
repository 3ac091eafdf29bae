"""``rsi recipes``: list the recipes for ``rsi fit --config``."""

from collections.abc import Sequence

from rsi.options.parser import CommandParser
from rsi.options.recipes import purpose, recipes


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    return CommandParser(
        "rsi recipes",
        description="Lists the recipes that rsi fit --config knows by name. Several may be given, and files of your "
        "own beside them; of options that are given twice the later counts.",
    )


def main(argv: Sequence[str]) -> int:
    """Print a line for each."""
    make_parser().parse_args(argv)
    width = max(map(len, recipes()))
    for name, file in recipes().items():
        print(f"{name:<{width}}  {purpose(file)}")
    return 0
