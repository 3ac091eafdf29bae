"""Generators that can be asked for by name."""

import functools
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from rsi.storage.cache import cached_path

EMBEDDED = {"avatars128": "drawings of cartoon faces"}
"""The generators that come with the package, and what they draw."""
ASSETS = resources.files("rsi.generators") / "assets"


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
    table: dict[str, Any] = yaml.safe_load((ASSETS / "zoo.yaml").read_text())
    return {name: ZooEntry(name, **fields) for name, fields in table.items() if not name.startswith("_")}


def find_by_checksum(sha256: str) -> ZooEntry | None:
    """The entry whose file has this SHA-256."""
    return next((entry for entry in zoo().values() if entry.sha256 == sha256), None)
