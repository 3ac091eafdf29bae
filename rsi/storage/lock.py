"""One run at a time in an output folder."""

import errno
import os
import sys
from pathlib import Path
from typing import IO

from rsi.errors import InputError

if sys.platform != "win32":
    import fcntl

NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


class FolderLock:
    """A lock on a file, held until :meth:`release` or the end of the process, however it ends.

    Where the system or the file system has no such locks, nothing is locked.

    Args:
        path: The file to lock; it is made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._handle: IO[bytes] | None = None

    def acquire(self, *, wait: bool = False) -> None:
        """Take the lock, when it is free if ``wait`` is given.

        Raises:
            InputError: Another process, or another run of this one, holds it.
        """
        if sys.platform == "win32" or self._handle is not None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.fdopen(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666), "r+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.close()
            folder = self._path.parent.parent
            raise InputError(
                f"another run is writing to {folder}: wait for it or choose another --output_dir"
            ) from None
        except OSError as error:
            if error.errno not in NO_LOCKS:
                handle.close()
                raise
        self._handle = handle

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None
