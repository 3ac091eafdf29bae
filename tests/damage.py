"""Generator files with some bytes replaced."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rsi.errors import InputError
from rsi.generators import load_generator


def loads_damaged_or_fails_in_one_line(path: Path, first: int, last: int) -> None:
    """Replace some bytes of a file, from ``first`` to ``last``, many times over, and read it every time."""
    data = path.read_bytes()

    @settings(max_examples=60, deadline=None)
    @given(st.integers(first, len(data) + last), st.binary(min_size=1, max_size=8))
    def damage(position: int, noise: bytes) -> None:
        path.write_bytes(data[:position] + noise + data[position + len(noise) :])
        assert "\n" not in complaint(path)

    damage()


def complaint(path: Path) -> str:
    """What is said of a file that cannot be read; nothing if it can."""
    try:
        load_generator(path)
    except InputError as error:
        return str(error)
    return ""
