"""The memory that the C library has freed and keeps."""

import ctypes
from functools import cache

TRIM_THRESHOLD, MMAP_MAX, ARENA_MAX = -1, -4, -8  # glibc's malloc.h calls them M_TRIM_THRESHOLD and so on
NEVER = -1


def keep_freed_memory(shared: bool) -> None:
    """Keep freed memory for the next maps instead of handing it back to the system.

    glibc asks the system anew for every map above 32 MB, and the system fills its pages with zeros: a fifth of a step
    at 1024 px. Other C libraries are left as they are. Source: mallopt(3).

    Args:
        shared: Threads that are started from now on use one store, which costs them a lock. Their own cannot hold maps
            above 64 MB.
    """
    if library := _glibc():
        library.mallopt(MMAP_MAX, 0)
        library.mallopt(TRIM_THRESHOLD, NEVER)
        if shared:
            library.mallopt(ARENA_MAX, 1)


def give_back_freed_memory() -> None:
    """Hand back what glibc keeps, so that the system's figures are those of the memory in use (malloc_trim(3))."""
    if library := _glibc():
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") else None
