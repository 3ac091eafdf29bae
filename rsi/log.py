"""What rsi tells the person who runs it."""

import functools
import sys

from pytorch_lightning.utilities import rank_zero_only


@rank_zero_only
def tell(message: str) -> None:
    """Print a line on standard error, once for all ranks."""
    print(printable(message), file=sys.stderr)


@functools.cache
def tell_once(message: str) -> None:
    """Print a line as :func:`tell` does, but not again in this process."""
    tell(message)


def printable(text: str) -> str:
    """The text with control characters and bytes that are no UTF-8, as file names may have, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
