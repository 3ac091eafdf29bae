"""What rsi tells the person who runs it.

How much it tells is the level of the logger ``rsi``: ``ERROR`` is quiet, ``WARNING``, the default of ``logging``, is
normal and ``INFO`` is more.
"""

import functools
import logging
import sys

from pytorch_lightning.utilities import rank_zero_only

LOGGER = logging.getLogger("rsi")


def set_verbosity(*, quiet: bool = False, verbose: bool = False) -> None:
    """Choose how much is told; errors are told in any case."""
    LOGGER.setLevel(logging.ERROR if quiet else logging.INFO if verbose else logging.WARNING)


def is_quiet() -> bool:
    """Whether errors alone are told."""
    return not LOGGER.isEnabledFor(logging.WARNING)


def is_verbose() -> bool:
    """Whether more is told than usual."""
    return LOGGER.isEnabledFor(logging.INFO)


@rank_zero_only
def tell(message: str) -> None:
    """Print a line on standard error, once for all ranks, unless rsi is quiet."""
    if not is_quiet():
        print(printable(message), file=sys.stderr)


@functools.cache
def tell_once(message: str) -> None:
    """Print a line as :func:`tell` does, but not again in this process."""
    tell(message)


def printable(text: str) -> str:
    """The text with control characters and bytes that are no UTF-8, as file names may have, written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
