"""Which pictures among photographs are results of rsi's own."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath

from rsi.errors import InputError
from rsi.photos.face_list import read_faces
from rsi.photos.pasted_list import read_pasted
from rsi.photos.restored_list import read_restored


def own_pictures(photos: Path) -> Callable[[str], bool]:
    """Tells of a picture, by its name in a folder, whether ``rsi align``, ``paste`` or ``restore`` has written it.

    That is what the list in one of the folders on the way to it says; the folder of photographs itself is meant as it
    was given.
    """
    listed = lru_cache(maxsize=256)(_listed)

    def is_own(name: str) -> bool:
        path = PurePosixPath(name)
        inside = [parent for parent in path.parents if parent.name]
        return any(path.relative_to(parent).as_posix() in listed(photos / parent) for parent in inside)

    return is_own


def _listed(folder: Path) -> frozenset[str]:
    lists = (lambda: read_faces(folder).faces), (lambda: read_pasted(folder)), (lambda: read_restored(folder).written)
    return frozenset(name for read in lists for name in _names(read))


def _names(read: Callable[[], Iterable[str]]) -> Iterable[str]:
    """The names in a list; none where it is missing or somebody else's."""
    try:
        return read()
    except InputError:
        return ()
