"""Files of the generators that can be asked for by name."""

import os
from pathlib import Path

from rsi.errors import InputError
from rsi.generators.files.zoo import ZooEntry
from rsi.log import tell_once
from rsi.storage.download import fetch

ALLOW_UNVERIFIED = "RSI_ALLOW_UNVERIFIED"  # an environment variable; the flag of the commands sets it


def obtain(entry: ZooEntry) -> Path:
    """The file of an entry, downloaded if it is not in the cache; tells its licence.

    Raises:
        InputError: The file cannot be had, or nobody vouches for its content and that was not allowed; see
            :func:`rsi.storage.download.fetch`.
    """
    if entry.sha256 is None and os.environ.get(ALLOW_UNVERIFIED, "0") in ("", "0"):
        raise InputError(
            f"{entry.name}: the SHA-256 of {entry.url} is not known from two independent sources: give "
            f"--allow-unverified to trust the file that comes, or the path of one that you trust (neither is executed)"
        )
    tell_once(f"{entry.name}: {entry.domain}; licence of the weights: {entry.license}")
    return fetch(entry.url, entry.sha256, size=entry.size)
