"""Pictures that a generator does not draw."""

from pathlib import Path

from PIL import Image

from rsi.generators import Generator
from rsi.methods.explained import is_drawn
from rsi.results.records import Row

COPIED = "this generator does not draw such pictures, it is copied"


def is_unknown(row: Row | None, path: Path, generator: Generator) -> bool:
    """Whether a picture is none that a generator draws, as far as that can be told.

    Args:
        row: What became of it; ``None`` if nothing is known.
        path: Its file.
        generator: The generator.
    """
    if row is None or not row.is_done:
        return _is_of_another_size(path, generator)
    return not is_drawn(row.explained, generator.info)


def _is_of_another_size(path: Path, generator: Generator) -> bool:
    """Whether a file is a picture whose shorter side is no part of the generator's."""
    try:
        with Image.open(path) as picture:
            return min(generator.resolution) % min(picture.size) > 0
    except (OSError, Image.DecompressionBombError):
        return False
