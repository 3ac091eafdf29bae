"""What the faces cut out of photographs are called."""

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import PurePosixPath

from rsi.data.listing import Listed
from rsi.photos.face_list import AlignedFace
from rsi.storage.folding import composed, folded


class CropNames:
    """Gives every face a name that no other has, and the same one when its photograph is aligned again.

    The only face of ``a.jpg`` is ``a.png``, several are ``a_1.png``, ``a_2.png`` and so on from left to right. Where
    that is another photograph's name, that of a folder, or taken by an earlier version of the photograph, there are
    more underscores. Case and the composition of letters are ignored, as some file systems do.

    Args:
        photographs: All photographs of the folder.
        known: The faces that were cut out before.
    """

    def __init__(self, photographs: Iterable[Listed], known: Iterable[AlignedFace]) -> None:
        self._photographs: dict[str, str] = {}
        self._folders: set[str] = set()
        for image in photographs:
            self._photographs[folded(image.output)] = image.name
            self._folders.update(folded(str(parent)) for parent in PurePosixPath(image.output).parents)
        self._known = {folded(face.file): face for face in known}

    def choose(self, image: Listed, photo_sha256: str, number: int) -> list[str]:
        """The names of a photograph's faces, from left to right.

        Args:
            image: The photograph.
            photo_sha256: The checksum of its pixels.
            number: How many faces it has.
        """
        earlier = [face.file for face in self._known.values() if _is_from(face, image, photo_sha256)]
        if len(earlier) == number:
            return earlier
        for underscores in count(1 if number > 1 else 0):
            names = _names(image.output, underscores, number)
            if all(self._is_free(name, image, photo_sha256) for name in names):
                return names
        raise AssertionError

    def add(self, faces: Sequence[AlignedFace]) -> None:
        """Note that faces have their names."""
        self._known.update({folded(face.file): face for face in faces})

    def may_become(self, file: str) -> bool:
        """Whether a file has a name that a face may get."""
        key = folded(file)
        stem = key.removesuffix(".png")
        return key in self._known or stem in self._photographs or _without_end(stem) in self._photographs

    def _is_free(self, name: str, image: Listed, photo_sha256: str) -> bool:
        key = folded(name)
        owner = self._known.get(key)
        is_own = owner is None or _is_from(owner, image, photo_sha256)
        return (
            is_own
            and key not in self._folders
            and self._photographs.get(key.removesuffix(".png"), image.name) == image.name
        )


def _names(output: str, underscores: int, number: int) -> list[str]:
    if not underscores:
        return [f"{output}.png"]
    return [f"{output}{'_' * underscores}{index}.png" for index in range(1, number + 1)]


def _is_from(face: AlignedFace, image: Listed, photo_sha256: str) -> bool:
    return composed(face.photo) == composed(image.name) and face.photo_sha256 == photo_sha256


def _without_end(stem: str) -> str:
    """The name without a number and the underscores before it."""
    return stem.rstrip("0123456789").rstrip("_")
