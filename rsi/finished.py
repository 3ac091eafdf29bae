"""Which images need no restoring any more, found out one by one."""

from collections.abc import Container

from rsi.results import ResultFolder

REMEMBERED = 10_000


class Finished(Container[str]):
    """The inputs whose restored image was there and whole when they were first asked for.

    Args:
        folder: The output folder.
    """

    def __init__(self, folder: ResultFolder) -> None:
        self._folder = folder
        self._known: dict[str, bool] = {}

    def __contains__(self, file: object) -> bool:
        """Whether an input is one of them."""
        name = str(file)
        if name not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.pop(next(iter(self._known)))
            row = self._folder.row(name)
            self._known[name] = row is not None and self._folder.is_whole(row)
        return self._known[name]


class Settled(Container[str]):
    """The finished inputs whose batch is finished as a whole.

    The others have to be in their batch once more when it is restored anew: the last bits of a result depend on it.

    Args:
        folder: The output folder.
        finished: The finished inputs.
    """

    def __init__(self, folder: ResultFolder, finished: Container[str]) -> None:
        self._folder = folder
        self._finished = finished

    def __contains__(self, file: object) -> bool:
        """Whether an input is one of them."""
        if file not in self._finished:
            return False
        row = self._folder.row(str(file))
        return row is not None and all(name in self._finished for name in row.batch)
