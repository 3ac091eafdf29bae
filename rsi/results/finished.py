"""Which images of a run need no restoring any more, found out one by one."""

from collections.abc import Callable, Container, Mapping
from pathlib import Path

from rsi.errors import InputError
from rsi.results.folder import ResultFolder
from rsi.results.records import Row
from rsi.storage.fingerprint import is_unchanged

REMEMBERED = 10_000


class Finished(Container[str]):
    """The inputs whose restored image was there, whole and made from the files of today when first asked for.

    Args:
        folder: The output folder, once it is claimed.
        sources: The files that an input is restored from today, by the names of :attr:`Row.made_from`; left out, files
            are not compared.

    Attributes:
        changed: How many inputs have a restored image that was made from other files.
    """

    def __init__(self, folder: ResultFolder, sources: Callable[[str], Mapping[str, Path]] | None = None) -> None:
        self._folder = folder
        self._sources = sources
        self._known: dict[str, bool] = {}
        self.changed = 0

    def __contains__(self, file: object) -> bool:
        """Whether an input is one of them."""
        name = str(file)
        if name not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            self._known[name] = self._is_finished(self._folder.row(name))
        return self._known[name]

    def settles(self, file: str) -> bool:
        """Whether an input is one of them and so are all that it was restored together with.

        The others have to be in their batch once more when it is restored anew: on some devices the last bits of a
        result depend on it.
        """
        if file not in self:
            return False
        row = self._folder.row(file)
        return row is not None and all(name in self for name in row.batch)

    def _is_finished(self, row: Row | None) -> bool:
        if row is None or not self._folder.is_whole(row):
            return False
        is_same = self._is_from_the_same(row)
        self.changed += not is_same
        return is_same

    def _is_from_the_same(self, row: Row) -> bool:
        if self._sources is None or not row.made_from:
            return True
        try:
            sources = self._sources(row.file)
        except InputError:  # its mask is gone: restoring it anew tells
            return False
        if not sources["target"].exists():  # an image that was taken away, asked for as a companion of another
            return True
        return sources.keys() == row.made_from.keys() and all(
            is_unchanged(path, row.made_from[name]) for name, path in sources.items()
        )
