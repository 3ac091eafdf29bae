"""Reading folders, local or by URL, of any size."""

import heapq
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from rsi.storage.location import file_system, is_url

WINDOW = 20_000


def read_folder(folder: Path) -> Iterator[str]:
    """What is in a folder, in any order, one at a time; linked folders and folders that are not there hold nothing.

    Names of folders end in a slash: sorted, they are then where the paths of their files would be.
    """
    if is_url(folder):
        yield from _read_remote(folder)
        return
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            is_folder = entry.is_dir()
            if not (is_folder and entry.is_symlink()):
                yield f"{entry.name}/" if is_folder else entry.name


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


def _read_remote(folder: Path) -> Iterator[str]:
    system, path = file_system(folder)
    try:
        entries = system.ls(path, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        name = entry["name"].rstrip("/")
        if name != path.rstrip("/"):
            name = name.rpartition("/")[2]
            yield f"{name}/" if entry["type"] == "directory" else name
