"""What rsi tells the person who runs it.

How much it tells is the level of the logger ``rsi``: ``ERROR`` is quiet, ``WARNING``, the default of ``logging``, is
normal and ``INFO`` is more.
"""

import functools
import logging
import sys
from typing import TextIO

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


def tell(message: str) -> None:
    """Print a line on standard error, once for all ranks, unless rsi is quiet."""
    from pytorch_lightning.utilities import rank_zero_only  # commands that answer at once do without Lightning

    if not is_quiet() and sys.stderr is not None:
        rank_zero_only(print)(printable(message), file=sys.stderr)


@functools.cache
def tell_once(message: str) -> None:
    """Print a line as :func:`tell` does, but not again in this process."""
    tell(message)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a standard stream is a terminal; it is ``None`` where it was closed before Python began."""
    return stream is not None and stream.isatty()


def printable(text: str) -> str:
    """The text with all that a file name may have and standard output cannot show written as escapes.

    These are control characters, bytes that are no UTF-8 and characters that its encoding lacks.
    """
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
