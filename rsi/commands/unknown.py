"""Pictures that a generator does not draw."""

from pathlib import Path

from rsi.errors import InputError
from rsi.generators import Generator
from rsi.methods.explained import is_drawn
from rsi.numerics.size import Size
from rsi.photos.photograph import read_photograph
from rsi.results.records import Row

COPIED = "this generator does not draw such pictures, it is copied"


def is_unknown(row: Row | None, generator: Generator) -> bool:
    """Whether what became of a picture shows that it is none that a generator draws, as far as that can be told."""
    return row is not None and row.is_done and not is_drawn(row.explained, generator.info)


def other_size(path: Path, resolution: Size) -> Size | None:
    """The size of an upright picture of which a generator could draw a part alone.

    Args:
        path: Its file.
        resolution: The size of the generator's images.

    Returns:
        The size; ``None`` if it is the generator's or a whole number of times smaller, or cannot be read.
    """
    try:
        width, height = read_photograph(path).picture.size
    except InputError:
        return None
    own = Size(height, width)
    return None if own.is_part_of(resolution) else own
