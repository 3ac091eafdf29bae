"""Generators that can be asked for by name."""

import functools
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from rsi.errors import InputError
from rsi.log import tell_once
from rsi.storage.download import cached_path, fetch

ALLOW_UNVERIFIED = "RSI_ALLOW_UNVERIFIED"  # an environment variable; the flag of the commands sets it


@dataclass(frozen=True)
class ZooEntry:
    """A published generator; the table is ``assets/zoo.yaml``.

    Attributes:
        name: What it is asked for by.
        url: Where its file is.
        domain: What it draws.
        resolution: Side of its images in pixels.
        megabytes: Size of the file; only about right if ``size`` is unknown.
        license: The licence of the weights.
        size: Bytes of the file; ``None`` if unknown.
        sha256: SHA-256 of the file; ``None`` if no two independent sources agree on one.
        lr_scale: The recommended step scale; ``None`` if it is to be measured.
        aligned_faces: It draws human faces that were cut out as FFHQ's.
    """

    name: str
    url: str
    domain: str
    resolution: int
    megabytes: int
    license: str
    size: int | None = None
    sha256: str | None = None
    lr_scale: float | None = None
    aligned_faces: bool = False

    @property
    def path(self) -> Path:
        """Where the file is kept once it is downloaded."""
        return cached_path(self.url)


@functools.cache
def zoo() -> dict[str, ZooEntry]:
    """All entries by name."""
    table: dict[str, Any] = yaml.safe_load((resources.files("rsi.generators") / "assets" / "zoo.yaml").read_text())
    return {name: ZooEntry(name, **fields) for name, fields in table.items() if not name.startswith("_")}


def find_by_checksum(sha256: str) -> ZooEntry | None:
    """The entry whose file has this SHA-256."""
    return next((entry for entry in zoo().values() if entry.sha256 == sha256), None)


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
