"""What a command may overwrite: files that rsi wrote and nobody changed since, never what is read."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from rsi.errors import InputError
from rsi.storage.atomic import atomic_path, check_inside, flush
from rsi.storage.fingerprint import file_sha256


def check_free(
    folder: Path, names: Sequence[str], written: Mapping[str, str], inputs: Iterable[Path], *, overwrite: bool
) -> None:
    """Make sure that writing into a folder replaces nothing but what rsi wrote there.

    Args:
        folder: Where files are to be written.
        names: Their names, relative to it; files that are not there yet are free.
        written: The files that rsi has written there, and the SHA-256 of each.
        inputs: What the command reads; none of it is replaced in any case.
        overwrite: Whether files that rsi did not write, or that were changed since, may be replaced.

    Raises:
        InputError: Something else is there, or a link leads out of the folder.
    """
    for parent in {(folder / name).parent for name in names}:
        check_inside(parent, folder)
    there = [folder / name for name in names if os.path.lexists(folder / name)]
    _check_no_input(there, inputs)
    foreign = [path for path in there if not _is_intact(path, written.get(path.relative_to(folder).as_posix()))]
    if folders := [path for path in foreign if path.is_dir()]:
        raise InputError(f"{folders[0]} is a folder where a picture is to be written: choose another --output_dir")
    if foreign and not overwrite:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise InputError(
            f"{foreign[0]}{more} would be replaced, and was not written by this command or was changed since: choose "
            "another --output_dir, or give --overwrite"
        )


def write_listed(path: Path, content: bytes, write_list: Callable[[], None]) -> None:
    """Write a file that a list has the checksum of.

    The list is written once all of the file is on the disk and before it takes its name: where the disk is full both
    are as they were, and where the command is killed in between a new file is not taken for somebody else's. One that
    was to be replaced then is, until it is written with ``--overwrite``.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)
        flush(temporary)
        write_list()


def check_single(output: Path, *, overwrite: bool) -> None:
    """Make sure that a file may be written.

    Raises:
        InputError: It exists and ``overwrite`` is not given, or it is a folder.
    """
    if output.is_dir():
        raise InputError(f"{output} cannot be written, it is a folder: give the name of a file")
    if os.path.lexists(output) and not overwrite:
        raise InputError(f"{output} exists: give another name or --overwrite")


def check_no_input(output: Path, source: Path | None) -> None:
    """Make sure that a file to be written is not the one that is read.

    Raises:
        InputError: It is.
    """
    if source is not None:
        _check_no_input([output] if os.path.lexists(output) else [], [source])


def _check_no_input(outputs: Sequence[Path], inputs: Iterable[Path]) -> None:
    identities = {_identity(path): path for path in outputs if path.exists()}
    if not identities:
        return
    for source in inputs:
        if source.exists() and (output := identities.get(_identity(source))):
            raise InputError(f"{output} is read by this command and would be replaced by it: choose another output")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _is_intact(path: Path, sha256: str | None) -> bool:
    return bool(sha256) and path.is_file() and file_sha256(path) == sha256
