"""Files that appear under their name only when they are whole, and inside one folder."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rsi.errors import InputError

PREFIX = ".partial-"


@contextmanager
def atomic_path(path: Path, scratch: Path | None = None) -> Iterator[Path]:
    """A temporary path that takes the place of ``path`` when the block ends without an error.

    It is in the folder ``scratch``, which has to be on the same file system; left out, beside ``path``. Folders on the
    way are made. After an error the temporary file is removed and ``path`` is as it was. What a killed
    process leaves is for :func:`remove_partial`. An ``OSError`` of the system names ``path``.
    """
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _make_in(scratch or path.parent, path.suffix)
        try:
            yield temporary
            flush(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make an ``OSError`` of the system, which may name a temporary file or none, name this path.

    Raises:
        InputError: The file system has no names or paths of that length.
    """
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise InputError(f"{path} is a longer name than its file system takes: shorten it") from None
        if error.errno is not None:
            error.filename = str(path)
            del error.filename2  # None would be shown
        raise


def remove_partial(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder and those inside it."""
    for path in folder.rglob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)


def _make_in(folder: Path, suffix: str) -> Path:
    """A new file with the permissions of an ordinary one, given as it is made: some mounts refuse to change them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{PREFIX}{secrets.token_hex(8)}{suffix}"
    path.touch(exist_ok=False)
    return path


def flush(path: Path) -> None:
    """Make sure that the content of a file is on the disk."""
    with path.open("r+b") as file:  # Windows flushes only what is open for writing
        os.fsync(file.fileno())


def check_inside(path: Path, folder: Path) -> None:
    """Make sure that no link on the way leads out of a folder.

    Raises:
        InputError: ``path`` is not in ``folder`` once all links are followed.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path} leads out of {folder} by a link: remove the link or choose another --output_dir")
