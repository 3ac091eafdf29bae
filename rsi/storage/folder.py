"""The files of an output folder, local or by URL."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path

from rsi.errors import InputError
from rsi.storage.atomic import atomic_path, check_inside
from rsi.storage.cache import cache_folder
from rsi.storage.listing import holds_file, walk
from rsi.storage.location import file_system, forget_listings, is_url, locate, read_bytes

AT_ONCE = 1000
REQUESTS = 32


class Storage:
    """Reads and writes files in a folder so that they appear under their name only when they are whole.

    In a local folder a file is written under a temporary name and renamed. To a URL it is sent in one piece once it is
    written: an object store shows it whole or not at all, other file systems may show a part of it for a moment.

    Args:
        folder: A path or a URL, see :func:`rsi.storage.location.locate`.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = locate(folder)
        self.is_remote = is_url(self.folder)

    def writing(self, name: str, scratch: Path) -> AbstractContextManager[Path]:
        """A temporary local path whose file gets the name when the block ends without an error.

        Args:
            name: A path in the folder.
            scratch: A local folder for the temporary file; of a local folder, on the same file system.
        """
        if self.is_remote:
            return self._sending(name, scratch)
        path = self.folder / name
        check_inside(path.parent, self.folder)
        return atomic_path(path, scratch)

    def read(self, name: str) -> bytes | None:
        """The content of a file; ``None`` if it is not there."""
        path = self.folder / name
        try:
            return read_bytes(path)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def read_all(self, inside: str, suffix: str) -> Iterator[tuple[str, bytes]]:
        """Names and contents of the files in a folder and those inside it that end in a suffix, in order of names."""
        forget_listings(self.folder)
        names = (f"{inside}/{name}" for name in walk(self.folder / inside, suffix))
        while some := list(islice(names, AT_ONCE)):
            contents = self._fetch(some) if self.is_remote else map(self.read, some)
            yield from ((name, content) for name, content in zip(some, contents, strict=True) if content)

    def holds(self, inside: str, suffix: str) -> bool:
        """Whether there is such a file."""
        forget_listings(self.folder)
        return holds_file(self.folder / inside, suffix)

    def is_whole(self, name: str, sha256: str) -> bool:
        """Whether a file is there and, in a local folder, has this checksum."""
        path = self.folder / name
        if self.is_remote:
            forget_listings(path.parent)
            return path.exists()
        return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256

    def send(self, local: Path) -> None:
        """Move all files of a local folder here, apart from hidden ones."""
        for path in [path for path in local.rglob("*") if path.is_file()]:
            name = path.relative_to(local).as_posix()
            if not name.startswith("."):
                self._send(path, name)
                path.unlink()

    @contextmanager
    def _sending(self, name: str, scratch: Path) -> Iterator[Path]:
        scratch.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=scratch))
        try:
            path = folder / Path(name).name
            yield path
            self._send(path, name)
        finally:
            shutil.rmtree(folder)

    def _send(self, path: Path, name: str) -> None:
        system, remote = file_system(self.folder / name)
        system.put_file(os.fspath(path), remote)

    def _fetch(self, names: list[str]) -> list[bytes | None]:
        with ThreadPoolExecutor(REQUESTS) as pool:
            return list(pool.map(self.read, names))


def local_folder(folder: str | Path) -> Path:
    """Where a run keeps what has to be local: the folder itself, or of a URL a folder of this user's cache.

    Raises:
        InputError: There is no such file system, or this user has no home folder.
    """
    location = locate(folder)
    if not is_url(location):
        return location
    return cache_folder() / hashlib.sha256(str(location).encode()).hexdigest()[:16]


def local_name(folder: str) -> str:
    """The name of :func:`local_folder`; a path and a URL without one stay as they were given, and opening says why."""
    try:
        return str(local_folder(folder)) if is_url(folder) else folder
    except InputError:
        return folder
