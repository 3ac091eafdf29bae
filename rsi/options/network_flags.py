"""The flags that say what may come from the network."""

import os
from typing import Any

from rsi.generators.files.obtain import ALLOW_UNVERIFIED
from rsi.storage.download import OFFLINE

FLAGS = {
    "offline": (OFFLINE, "download nothing; say which file to put where instead"),
    "allow_unverified": (ALLOW_UNVERIFIED, "use generators of the zoo whose SHA-256 nobody vouches for"),
}


def add_network_flags(parser: Any) -> None:  # noqa: ANN401 - argparse's and jsonargparse's parsers, and their groups
    """Add ``--offline`` and ``--allow_unverified`` to the parser of a command."""
    for name, (_, text) in FLAGS.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)


def apply_network_flags(chosen: Any) -> None:  # noqa: ANN401 - argparse's and jsonargparse's namespaces
    """Set the environment variables that the flags stand for, which the processes of other devices inherit."""
    for name, (variable, _) in FLAGS.items():
        if getattr(chosen, name):
            os.environ[variable] = "1"
