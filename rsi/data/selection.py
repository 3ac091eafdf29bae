"""What is named as images: files, folders, patterns, a zip file or a URL."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rsi.data.formats import READABLE_IN_WORDS, SUFFIXES, is_picture
from rsi.data.listing import Leftovers
from rsi.errors import InputError
from rsi.log import tell_once
from rsi.storage.listing import why_bad
from rsi.storage.location import is_url, locate

ARCHIVE = ".zip"


@dataclass(frozen=True)
class Selection:
    """A folder, or some of what is in it.

    Attributes:
        folder: The folder, a path or a URL.
        names: The paths in it of the chosen files, and of the chosen folders with a slash at their end; ``None`` for
            all there is.
    """

    folder: Path
    names: frozenset[str] | None = None


def select(named: str | Sequence[str]) -> Selection:
    """The images that a user names.

    Args:
        named: A folder, a file, a pattern such as ``faces/*.jpg``, a zip file or a URL, or several files, folders and
            patterns.

    Raises:
        InputError: Something of it does not exist, is no picture or cannot go with the rest.
    """
    several = [named] if isinstance(named, str) else [*named]
    if len(several) == 1 and (alone := _alone(several[0])):
        return alone
    for one in several:
        if is_url(one) or one.lower().endswith(ARCHIVE):
            raise InputError(f"{one} cannot go with other images: give a URL or a zip file alone")
    paths = _pictures([path for one in several for path in _expanded(one)])
    root = _common_folder(paths)
    names = frozenset(_name(path, root) for path in paths)
    return Selection(Path(root), None if "" in names else names)


def _alone(one: str) -> Selection | None:
    """What can be named alone only, a folder among it, which may be missing: listing it tells."""
    if is_url(one):
        location = locate(one)
        is_file = one.lower().endswith(SUFFIXES)
        return Selection(location.parent, frozenset([location.name])) if is_file else Selection(location)
    if one.lower().endswith(ARCHIVE) and Path(one).is_file():
        return Selection(locate(f"zip://::{os.path.abspath(one)}"))  # noqa: PTH100 - a link stays as it is
    is_folder = Path(one).is_dir() or not (Path(one).exists() or _is_pattern(one) or one.lower().endswith(SUFFIXES))
    return Selection(Path(one)) if is_folder else None


def _is_pattern(one: str) -> bool:
    return "*" in one or "?" in one or ("[" in one and bool(glob.glob(one)))  # noqa: PTH207 - Path's takes none from /


def _expanded(one: str) -> list[str]:
    """The paths that a pattern stands for, or the path itself."""
    found = [one] if Path(one).exists() else sorted(glob.glob(one, recursive=True))  # noqa: PTH207 - as above
    if not found:
        raise InputError(f"{one} {'fits no file' if _is_pattern(one) else 'does not exist'}")
    return found


def _pictures(paths: Sequence[str]) -> list[str]:
    """Folders and pictures, each once; what else there is, as where a shell has expanded a pattern, is told."""
    found, others = [], Leftovers()
    for path in dict.fromkeys(paths):
        if obstacle := _why_not_taken(path):
            others.add(path, obstacle)
        else:
            found.append(path)
    if not found:
        raise InputError(f"there is nothing to restore but {others}: {READABLE_IN_WORDS} files are read")
    if others.count:
        tell_once(f"passed over: {others}")
    return found


def _why_not_taken(path: str) -> str:
    """Why a path is neither a folder nor a picture that is read; empty where it is one."""
    if bad := why_bad(Path(path)):
        return bad
    kinds: list[str] = []
    if Path(path).is_dir() or is_picture(Path(), path, lambda _, kind: kinds.append(kind)):
        return ""
    return kinds[0] if kinds else "no picture"


def _common_folder(paths: Sequence[str]) -> str:
    """The innermost folder that holds everything, as it was given where that is possible."""
    folders = [os.path.normpath(path if Path(path).is_dir() else os.path.dirname(path)) for path in paths]  # noqa: PTH120
    if any(os.path.isabs(folder) or folder.startswith(os.pardir) for folder in folders):  # noqa: PTH117
        folders = [os.path.abspath(folder) for folder in folders]  # noqa: PTH100
    return os.path.commonpath(folders) or os.curdir


def _name(path: str, root: str) -> str:
    name = Path(os.path.relpath(path, root)).as_posix()
    return "" if name == "." else f"{name}/" if Path(path).is_dir() else name
