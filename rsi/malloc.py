"""The memory that the C library has freed and keeps."""

import ctypes
from functools import cache

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # glibc's malloc.h calls them M_TRIM_THRESHOLD and M_MMAP_MAX
NEVER = -1


def keep_freed_memory() -> None:
    """Keep freed memory for the next maps instead of handing it back to the system.

    glibc asks the system anew for every map above 32 MB, and the system fills its pages with zeros: a fifth of a step
    at 1024 px. That goes for the main thread; what other threads keep cannot hold maps above 64 MB. Other C libraries
    are left as they are. Source: mallopt(3).
    """
    if library := _glibc():
        library.mallopt(MMAP_MAX, 0)
        library.mallopt(TRIM_THRESHOLD, NEVER)


def give_back_freed_memory() -> None:
    """Hand back what glibc keeps, so that the system's figures are those of the memory in use (malloc_trim(3))."""
    if library := _glibc():
        library.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") else None
