"""The flags that say of a generator what its file does not say, or says wrong."""

import argparse
import os
from typing import Any

from rsi.errors import InputError
from rsi.generators.files.overrides import COLOR_ORDER, CONV_CLAMP, ORDERS, read_clamp

CLAMP_TEXT = "bound on the outputs of the generator's layers, or none; left out, what its file says, or else none"
ORDER_TEXT = "the order of the colours that the generator draws in; left out, what its file lets assume"


def add_generator_flags(parser: Any) -> None:  # noqa: ANN401 - argparse's and jsonargparse's parsers, and their groups
    """Add ``--color_order`` and ``--conv_clamp`` to the parser of a command."""
    parser.add_argument("--color_order", choices=ORDERS, help=ORDER_TEXT)
    parser.add_argument("--conv_clamp", type=_clamp, metavar="N|none", help=CLAMP_TEXT)


def apply_generator_flags(chosen: Any) -> None:  # noqa: ANN401 - argparse's and jsonargparse's namespaces
    """Set the environment variables that the flags stand for, which the processes of other devices inherit."""
    os.environ[COLOR_ORDER] = chosen.color_order or ""
    os.environ[CONV_CLAMP] = chosen.conv_clamp or ""


def _clamp(text: str) -> str:
    try:
        read_clamp(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text
