"""``rsi generators``: list the generators that have a name, and which weights are on this machine."""

import json
from collections.abc import Sequence
from importlib import resources

from rsi.generators.files.zoo import ASSETS, EMBEDDED, ZooEntry, zoo
from rsi.options.parser import CommandParser
from rsi.storage.cache import cached_path
from rsi.storage.published import INCEPTION, VGG16

HEADER = ("name", "px", "MB", "step scale", "SHA-256", "here", "domain")
NETWORKS = {"VGG16, for LPIPS": VGG16, "Inception, for pFID": INCEPTION}


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    return CommandParser(
        "rsi generators", description="Lists the generators that --generator knows by name; others are given as files."
    )


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    make_parser().parse_args(argv)
    rows = [HEADER, *map(_embedded_row, EMBEDDED), *map(_zoo_row, zoo().values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    print(*_notes(), sep="\n")
    return 0


def _embedded_row(name: str) -> tuple[str, ...]:
    with resources.as_file(ASSETS / f"{name}.safetensors") as path, path.open("rb") as file:
        header = file.read(int.from_bytes(file.read(8), "little"))  # safetensors itself imports NumPy for as much
        megabytes = f"{path.stat().st_size / 1e6:.0f}"
    facts = json.loads(header)["__metadata__"]
    return name, facts["img_resolution"], megabytes, facts["lr_scale"], "known", "yes", EMBEDDED[name]


def _zoo_row(entry: ZooEntry) -> tuple[str, ...]:
    return (
        entry.name,
        str(entry.resolution),
        f"{'' if entry.size else '~'}{entry.megabytes}",
        "auto" if entry.lr_scale is None else str(entry.lr_scale),
        "known" if entry.sha256 else "unknown",
        "yes" if entry.path.is_file() else "no",
        entry.domain,
    )


def _notes() -> list[str]:
    files = [
        f"{name}: {file.size / 1e6:.0f} MB, {'here' if file.path.is_file() else 'not here'}, {file.url}"
        for name, file in NETWORKS.items()
    ]
    licenses: dict[str, list[str]] = {}
    for entry in zoo().values():
        licenses.setdefault(entry.license, []).append(entry.name)
    return [
        "",
        *files,
        "",
        *(f"{', '.join(names)}: {text}" for text, names in licenses.items()),
        "SHA-256 unknown: no two independent sources state it; such a file needs --allow-unverified.",
        f"Downloads are kept in {cached_path('x').parent}; none of them is executed.",
    ]
