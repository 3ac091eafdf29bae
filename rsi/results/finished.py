"""Which images of a run need no restoring any more, found out one by one."""

from collections.abc import Callable, Container, Mapping
from pathlib import Path

from rsi.errors import InputError
from rsi.results.folder import ResultFolder
from rsi.results.records import Row
from rsi.storage.fingerprint import Fingerprint, is_unchanged

REMEMBERED = 10_000


class Finished(Container[str]):
    """The inputs that had a whole restored image, made from today's files, when they were first asked for.

    Args:
        folder: The output folder, once it is claimed.
        sources: The files that an input is restored from today, by the names of :attr:`Row.made_from`.
        common: What all are made from besides.

    Attributes:
        changed: What has changed of the sources of an input that has a restored image made from others.
    """

    def __init__(
        self,
        folder: ResultFolder,
        sources: Callable[[str], Mapping[str, Path]],
        common: Mapping[str, Fingerprint],
    ) -> None:
        self._folder = folder
        self._sources = sources
        self._common = common
        self._known: dict[str, bool] = {}
        self.changed: dict[str, tuple[str, ...]] = {}

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
        changed = self._changed(row)
        if changed:
            self.changed[row.file] = changed
        return not changed

    def _changed(self, row: Row) -> tuple[str, ...]:
        if not row.made_from:
            return ()
        try:
            sources = self._sources(row.file)
        except InputError:  # its mask is gone: restoring it anew tells
            return ("mask",)
        if not sources["target"].exists():  # an image that was taken away, asked for as a companion of another
            return ()
        return tuple(name for name, known in row.made_from.items() if not self._is_same(name, known, sources))

    def _is_same(self, name: str, known: Fingerprint, sources: Mapping[str, Path]) -> bool:
        if name in sources:
            return is_unchanged(sources[name], known)
        return name in self._common and self._common[name].sha256 == known.sha256
