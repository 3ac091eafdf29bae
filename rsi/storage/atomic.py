"""Files that appear under their name only when they are whole, and inside one folder."""

import os
import tempfile
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _make_in(scratch or path.parent, path.suffix)
        try:
            yield temporary
            _flush(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        if error.errno is not None:
            error.filename, error.filename2 = str(path), None
        raise


def remove_partial(folder: Path) -> None:
    """Remove the temporary files that killed processes have left in a folder and those inside it."""
    for path in folder.rglob(f"{PREFIX}*"):
        path.unlink(missing_ok=True)


def _make_in(folder: Path, suffix: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=PREFIX, suffix=suffix, dir=folder)
    os.close(handle)
    return Path(name)


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def check_inside(path: Path, folder: Path) -> None:
    """Make sure that no link on the way leads out of a folder.

    Raises:
        InputError: ``path`` is not in ``folder`` once all links are followed.
    """
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError(f"{path} leads out of {folder} by a link: remove the link or choose another --output_dir")
