"""Memory as programs have it that leave the C library's settings alone."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from rsi.numerics.memory import MMAP_MAX, keep_freed_memory

MMAP_THRESHOLD = -3
DEFAULT_MMAP_MAX = 65536
LARGEST_MMAP_THRESHOLD = 32 * 2**20  # where glibc's own rule ends up in programs with large maps


@contextmanager
def plain_malloc() -> Iterator[None]:
    """Large maps come from the system and go back to it, as without :func:`rsi.numerics.memory.keep_freed_memory`."""
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(MMAP_MAX, DEFAULT_MMAP_MAX)
        library.mallopt(MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
    try:
        yield
    finally:
        keep_freed_memory()
