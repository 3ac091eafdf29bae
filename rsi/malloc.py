"""The memory that the C library has freed and keeps."""

import ctypes
import platform

TRIM_THRESHOLD, MMAP_MAX = -1, -4  # what glibc's malloc.h calls M_TRIM_THRESHOLD and M_MMAP_MAX
NEVER = -1


def keep_freed_memory() -> None:
    """Keep freed memory for the next maps instead of handing it back to the system.

    glibc asks the system anew for every map above 32 MB, and the system fills its pages with zeros: at 1024 px a
    fifth of a step. Other C libraries are left as they are. Source: mallopt(3).
    """
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_MAX, 0)
        library.mallopt(TRIM_THRESHOLD, NEVER)


def give_back_freed_memory() -> None:
    """Hand back what glibc keeps, so that the system's figures are those of the memory in use (malloc_trim(3))."""
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)
