"""One run at a time in an output folder, one download at a time of a file."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from rsi.errors import InputError
from rsi.storage.atomic import naming

NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)


class ProcessLock:
    """A lock on a file, held until :meth:`release` or the end of the process, however it ends.

    Where the file system has no such locks, nothing is locked: a file that only stands for a lock would be left behind
    by a process that is killed.

    Args:
        path: The file to lock; it is made. A link in its place is not followed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, thread_local=False, fallback_to_soft=False)

    def try_acquire(self, *, wait: bool = False) -> bool:
        """Take the lock, when it is free if ``wait`` is given; whether it is held now."""
        if self._lock.is_locked:
            return True
        with naming(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire(blocking=wait)
            except Timeout:
                return False
            except OSError as error:
                if error.errno not in NO_LOCKS:
                    raise
        return True

    def release(self) -> None:
        """Give the lock back."""
        self._lock.release()


class FolderLock(ProcessLock):
    """The lock of an output folder; its file is in a folder of that folder."""

    def acquire(self, *, wait: bool = False) -> None:
        """Take the lock, when it is free if ``wait`` is given.

        Raises:
            InputError: Another process, or another run of this one, holds it, or there is a file where the folder is to
                be.
        """
        folder = self._path.parent.parent
        try:
            is_free = self.try_acquire(wait=wait)
        except (NotADirectoryError, FileExistsError):
            raise InputError(f"{folder} is a file or below one: choose another --output_dir") from None
        if not is_free:
            raise InputError(f"another run is writing to {folder}: wait for it or choose another --output_dir")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for a block and leave nothing of it behind, for folders that hold no run.

        Raises:
            InputError: Another process, or another run of this one, holds it.
        """
        inside, folder = self._path.parent, self._path.parent.parent
        made = [path for path in (inside, folder) if not path.exists()]
        self.acquire()
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no open file, and filelock does it there
                self._path.unlink()  # while it is locked: filelock takes no lock on a file that is gone
            self.release()
            with suppress(OSError):  # there is something in it
                for path in made:
                    path.rmdir()
