"""``rsi generators``: list the generators that have a name, and which weights are on this machine."""

from collections.abc import Sequence
from pathlib import Path

from rsi.benchmark.patch_fid import INCEPTION_SIZE, INCEPTION_URL
from rsi.generators import load_generator
from rsi.generators.checkpoint import EMBEDDED
from rsi.generators.zoo import ZooEntry, zoo
from rsi.options.parser import CommandParser
from rsi.perceptual.lpips_vgg import VGG16_SIZE, VGG16_URL
from rsi.storage.download import cached_path

HEADER = ("name", "px", "MB", "step scale", "SHA-256", "here", "domain")
NETWORKS = {"VGG16, for LPIPS": (VGG16_URL, VGG16_SIZE), "Inception, for pFID": (INCEPTION_URL, INCEPTION_SIZE)}


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    CommandParser(
        "rsi generators", description="Lists the generators that --generator knows by name; others are given as files."
    ).parse_args(argv)
    rows = [HEADER, *map(_embedded_row, EMBEDDED), *map(_zoo_row, zoo().values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    print(*_notes(), sep="\n")
    return 0


def _embedded_row(name: str) -> tuple[str, ...]:
    generator = load_generator(name)
    size = Path(generator.info.source or "").stat().st_size
    return (
        name,
        str(generator.resolution),
        f"{size / 1e6:.0f}",
        str(generator.info.lr_scale),
        "known",
        "yes",
        "cartoons",
    )


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
        f"{name}: {size / 1e6:.0f} MB, {'here' if cached_path(url).is_file() else 'not here'}, {url}"
        for name, (url, size) in NETWORKS.items()
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
