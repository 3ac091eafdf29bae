"""Files in the output folder that rsi did not write and must not replace."""

import json
import os
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from pathlib import Path

from rsi.errors import InputError
from rsi.results import layout
from rsi.results.folder import ResultFolder
from rsi.storage.atomic import check_inside
from rsi.storage.location import absolute, is_url

REMEMBERED = 10_000  # folders
PAGE_MARK = b", rsi report</title>"
PAGE_HEAD = 16_384  # bytes; the title comes after the policy, and has the name of a folder in it


def refuse_foreign_files(
    folder: ResultFolder, images: Iterable[tuple[str, str]], inputs: Sequence[Path], *, overwrite: bool
) -> None:
    """Make sure that no result takes the place of a file that no run has written.

    What a run has written is known by its settings and by the record of each image, which is there before the first of
    its files.

    Args:
        folder: The output folder.
        images: The inputs' names and what their results are called.
        inputs: The folders that hold what the run reads.
        overwrite: Other people's files may be replaced, but never what the run reads.

    Raises:
        InputError: A result would.
    """
    if not folder.path.is_dir():
        return
    check_place = lru_cache(maxsize=REMEMBERED)(partial(_check_place, top=folder.path))
    for name in (layout.RECORDS, layout.LOGS, layout.PROGRESS):
        check_place(folder.path / name)
    if not overwrite and not _is_ours(folder):
        for name in (layout.SETTINGS, layout.CONFIG, layout.TABLE, layout.PAGE):
            if folder.holds(name) and not (folder.path / name).is_symlink():  # links are for the claim to refuse
                raise InputError(_refusal(folder.path / name))
    read = [absolute(path) for path in inputs if _overlaps(path, folder.path)]
    for file, output in images:
        if not _can_have_results(file, output) or folder.wrote_files_of(file):
            continue
        for path in (folder.path / name for name in layout.files_of(output)):
            check_place(path.parent)
            if path.exists() or path.is_symlink():
                _refuse(path, read, overwrite)


def _check_place(place: Path, top: Path) -> None:
    """Make sure that a folder of results is one or can be made."""
    if is_url(top):
        return
    check_inside(place, top)
    for path in (place, *place.parents):
        if path == top:
            return
        if os.path.lexists(path) and not path.is_dir():
            raise InputError(
                f"{path} is no folder and results need one there: remove it or choose another --output_dir"
            )


def check_page(page: Path) -> None:
    """Make sure that the report page takes the place of nothing but another report page.

    Raises:
        InputError: It would.
    """
    if os.path.lexists(page) and not is_page(page):
        raise InputError(
            f"{page} was not written by rsi: rsi report {page.parent} --page other.html writes the page beside it, "
            f"rsi report {page.parent} --overwrite replaces it"
        )


def is_page(path: Path) -> bool:
    """Whether a file is a report page of rsi's."""
    try:
        with path.open("rb") as file:
            return PAGE_MARK in file.read(PAGE_HEAD)
    except OSError:
        return False


def _can_have_results(file: str, output: str) -> bool:
    try:
        layout.check_name(file, output)
    except InputError:
        return False
    return True


def _is_ours(folder: ResultFolder) -> bool:
    """Whether the folder is that of a run, which may have been killed before its first record."""
    try:
        settings = json.loads(folder.storage.read(layout.SETTINGS) or b"")
    except ValueError:
        return False
    return isinstance(settings, dict) and {"method", "degradation"} <= settings.keys()


def _refuse(path: Path, read: Sequence[str], overwrite: bool) -> None:
    if any(absolute(path.parent / path.name).startswith(f"{folder}/") for folder in read):
        raise InputError(f"a result would replace {path}, which this run reads: choose another --output_dir")
    if path.is_dir():
        raise InputError(f"{path} is a folder where a result is to be written: choose another --output_dir")
    if not overwrite:
        raise InputError(_refusal(path))


def _refusal(path: Path) -> str:
    return f"{path} was not written by rsi: choose another --output_dir, or replace it with --overwrite"


def _overlaps(read: Path, written: Path) -> bool:
    """Whether results can lie in a folder that is read."""
    if is_url(read) or is_url(written):
        return absolute(written).startswith(absolute(read))
    inner, outer = read.resolve(), written.resolve()
    return inner.is_relative_to(outer) or outer.is_relative_to(inner)
