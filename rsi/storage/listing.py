"""Reading folders, local or by URL, of any size."""

import heapq
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from rsi.storage.location import file_system, is_url

WINDOW = 20_000
NEITHER = "neither a file nor a folder"

OnBad = Callable[[str, str], None]
"""What is called with the name of a bad entry, empty for the folder itself, and what is wrong with it."""


def ignore(*_: str) -> None:
    """Tells nobody."""


def read_folder(folder: Path, on_bad: OnBad | None = None) -> Iterator[str]:
    """What is in a folder, in any order, one at a time; linked folders and folders that are not there hold nothing.

    Names of folders end in a slash: sorted, they are then where the paths of their files would be. Left out are entries
    that are bad: links that lead nowhere or in circles, pipes, sockets and devices.

    Args:
        folder: A path or a URL.
        on_bad: Told of every bad entry and of a folder that cannot be read to its end, which raises without it.

    Raises:
        OSError: The folder cannot be read, and there is no ``on_bad``.
    """
    try:
        yield from _read_remote(folder) if is_url(folder) else _read_local(folder, on_bad or ignore)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if on_bad is None:
            raise
        on_bad("", _reason(error))


def why_bad(path: Path) -> str:
    """Why a local path leads to neither a file nor a folder; empty where it leads to one."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return _reason(error)
    return "" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else NEITHER


def sorted_windows(read: Callable[[], Iterator[str]], size: int = WINDOW) -> Iterator[list[str]]:
    """What ``read`` gives, sorted, in lists of ``size``: it is called for every list, and no more is in memory."""
    window = heapq.nsmallest(size, read())
    while window:
        yield window
        last = window[-1]
        window = [] if len(window) < size else _smallest_after(last, read, size)


def walk(folder: Path, suffix: str, inside: str = "") -> Iterator[str]:
    """The paths, below a folder, of the files in it and the folders inside it that end in a suffix; sorted."""
    place = folder / inside if inside else folder
    for window in sorted_windows(lambda: read_folder(place)):
        for name in window:
            if name.endswith("/"):
                yield from walk(folder, suffix, inside + name)
            elif name.endswith(suffix):
                yield inside + name


def holds_file(folder: Path, suffix: str) -> bool:
    """Whether a folder or one inside it holds a file that ends in a suffix."""
    return any(
        holds_file(folder / name, suffix) if name.endswith("/") else name.endswith(suffix)
        for name in read_folder(folder)
    )


def _smallest_after(last: str, read: Callable[[], Iterator[str]], size: int) -> list[str]:
    return heapq.nsmallest(size, (name for name in read() if name > last))


def _read_local(folder: Path, on_bad: OnBad) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                name = _name(entry)
            except OSError as error:
                on_bad(entry.name, _reason(error))
                continue
            if name is not None:
                yield name


def _name(entry: os.DirEntry[str]) -> str | None:
    """What an entry is listed as; ``None`` for linked folders.

    Raises:
        OSError: It is bad.
    """
    if entry.is_dir():
        return None if entry.is_symlink() else f"{entry.name}/"
    if not entry.is_file():
        entry.stat()  # raises where a link leads nowhere
        raise OSError(NEITHER)
    return entry.name


def _reason(error: OSError) -> str:
    return "it leads nowhere" if isinstance(error, FileNotFoundError) else error.strerror or str(error)


def _read_remote(folder: Path) -> Iterator[str]:
    system, path = file_system(folder)
    entries = system.ls(path, detail=True)
    for entry in entries:
        name = entry["name"].rstrip("/")
        if name != path.rstrip("/"):
            name = name.rpartition("/")[2]
            yield f"{name}/" if entry["type"] == "directory" else name
