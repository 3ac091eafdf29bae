"""The pictures of a folder, however many."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rsi.data.formats import NO_PICTURES, READABLE_IN_WORDS, is_picture, suffix_of
from rsi.data.output_names import folder_name, hidden_folder, output_names
from rsi.errors import InputError
from rsi.log import tell_once
from rsi.results.layout import SAMPLES, holds_results
from rsi.storage.folding import folded
from rsi.storage.listing import WINDOW, OnBad, ignore, read_folder, sorted_windows
from rsi.storage.location import absolute, check_reachable, is_url


@dataclass(frozen=True)
class Listed:
    """One picture of a folder.

    Attributes:
        name: Its path in the folder, with forward slashes.
        output: What its results are called, see :func:`rsi.data.output_names.output_names`.
        hides_folder: The folder whose place a file of its results would take; empty if there is none.
        sample: Which of several restorations of the picture it stands for, from 0.
    """

    name: str
    output: str
    hides_folder: str = ""
    sample: int = 0

    @property
    def file(self) -> str:
        """The picture's path in the folder."""
        return self.name.rpartition("~")[0] if self.sample else self.name

    @property
    def original(self) -> "Listed":
        """The picture for the first of several restorations."""
        if not self.sample:
            return self
        output = self.output[len(f"{SAMPLES}/") :].rpartition("/")[0]
        return replace(self, name=self.file, output=output, sample=0)

    def samples(self, count: int) -> Iterator["Listed"]:
        """The picture once for each of several restorations, from the second on under names of their own.

        The second of ``sub/a.png`` is ``sub/a.png~2``, which no picture is, and its results ``samples/sub/a/2``.
        """
        yield self
        for number in range(2, count + 1):
            name, output = f"{self.name}~{number}", f"{SAMPLES}/{self.output}/{number}"
            yield replace(self, name=name, output=output, sample=number - 1)


class Listing:
    """The pictures in a folder and its subfolders, in the order of their names.

    Files with a suffix of pictures that are read are taken for those; others, in a local folder, by how they begin.
    Hidden files and folders, linked folders and the output folders of runs are passed over; so are pictures of kinds
    that are not read and entries that are bad, which is told once, when the pictures are counted. No more than a window
    of names is in memory: a folder with more is read anew for every window.

    Args:
        folder: Where to look; a path or a URL, see :func:`rsi.storage.location.locate`.
        leave_out: Folders inside it that hold something else, such as masks.
        chosen: Paths in it to confine the listing to, those of folders with a slash at their end; nothing else there
            is looked at.
        samples: How many restorations of each picture there are, see :meth:`Listed.samples`.
        window: How many names are in memory.
    """

    def __init__(
        self,
        folder: Path,
        leave_out: Collection[Path] = (),
        *,
        chosen: Collection[str] | None = None,
        samples: int = 1,
        window: int = WINDOW,
    ) -> None:
        self.folder = folder
        self._leave_out = {absolute(path) for path in leave_out}
        self._chosen = chosen
        self._samples = samples
        self._window = window
        self._count: int | None = None

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return (image.name for image in self.listed())

    def __len__(self) -> int:
        """How many there are, counted once."""
        if self._count is None:
            left_out, not_read = Leftovers(), Leftovers()
            names = self._unordered("", left_out.add, not_read.add)
            self._count = self._samples * sum(1 for _ in names)
            self._tell(left_out, not_read)
        return self._count

    def first(self, count: int) -> list[str]:
        """The first names."""
        return list(islice(self, count))

    def listed(self) -> Iterator[Listed]:
        """The pictures."""
        for image in self._ordered("", ""):
            yield from image.samples(self._samples)

    def check(self) -> None:
        """Make sure that there is something to list.

        Raises:
            InputError: There is no such folder, or no picture in it.
        """
        check_reachable(self.folder)
        if self._chosen is None:
            self._check_folder()
        if not len(self):
            raise InputError(f"no picture in {str(self.folder)!r}: {READABLE_IN_WORDS} files are read")

    def _check_folder(self) -> None:
        if not self.folder.is_dir():
            problem = "is a file, give the folder that holds it" if self.folder.exists() else "does not exist"
            raise InputError(f"the target folder {str(self.folder)!r} {problem}")
        try:
            next(read_folder(self.folder), None)
        except OSError as error:
            raise InputError(
                f"the target folder {str(self.folder)!r} cannot be read: {error.strerror or error}"
            ) from None

    def _tell(self, left_out: "Leftovers", not_read: "Leftovers") -> None:
        if left_out.count:
            tell_once(f"left out in {self.folder}: {left_out}")
        if not_read.count:
            tell_once(f"passed over in {self.folder}, as pictures of these kinds are not read: {not_read}")

    def _unordered(self, inside: str, on_bad: OnBad = ignore, on_other: OnBad = ignore) -> Iterator[str]:
        for entry in self._entries(inside, on_bad):
            if entry.endswith("/"):
                yield from self._unordered(inside + entry, on_bad, on_other)
            elif self._is_picture(inside + entry, on_other):
                yield inside + entry

    def _ordered(self, inside: str, place: str) -> Iterator[Listed]:
        """The pictures in one of the folders, whose results are below ``place``."""
        for number, window in enumerate(sorted_windows(lambda: self._entries(inside), self._window)):
            is_all = number == 0 and len(window) < self._window
            images, folders = self._listed(inside, place, window, window if is_all else self._entries(inside))
            for entry in window:
                if entry in folders:
                    yield from self._ordered(inside + entry, place + folders[entry])
                elif entry in images:
                    yield images[entry]

    def _listed(
        self, inside: str, place: str, window: Collection[str], everything: Iterable[str]
    ) -> tuple[dict[str, Listed], dict[str, str]]:
        """The pictures of a window, and what its folders are in ``place``; both depend on all else in the folder."""
        names = [entry for entry in window if not entry.endswith("/") and self._is_picture(inside + entry)]
        folders: Counter[str] = Counter()
        seen, pictures = set(window), set(names)

        def is_input(rival: str) -> bool:
            return rival in pictures if rival in seen else self._is_picture(inside + rival)

        outputs = output_names(names, _files(everything, folders), is_input)
        hidden = (hidden_folder(output, folders) for output in outputs)
        images = {
            name: Listed(inside + name, place + output, inside + folder if folder else "")
            for name, output, folder in zip(names, outputs, hidden, strict=True)
        }
        return images, {entry: folder_name(entry, folders) for entry in window if entry.endswith("/")}

    def _entries(self, inside: str, on_bad: OnBad = ignore) -> Iterator[str]:
        """The files in a folder that may be pictures, and the folders to look into."""
        folder = self.folder / inside if inside else self.folder
        if self._chosen is not None and not any(inside.startswith(one) for one in self._chosen if one.endswith("/")):
            yield from self._chosen_in(inside, self._chosen)
            return
        if inside and holds_results(folder) and inside not in (self._chosen or ()):
            return

        def on_bad_inside(name: str, reason: str) -> None:
            if not name.startswith("."):
                on_bad(inside + name, reason)

        for name in read_folder(folder, on_bad_inside):
            if name.startswith("."):
                continue
            if name.endswith("/"):
                if not self._leave_out or absolute(folder / name) not in self._leave_out:
                    yield name
            elif suffix_of(name) not in NO_PICTURES:
                yield name

    def _chosen_in(self, inside: str, chosen: Iterable[str]) -> Iterator[str]:
        """The files of a folder that are chosen, and the folders in it that hold some."""
        parts = {one[len(inside) :].partition("/")[:2] for one in chosen if one.startswith(inside)}
        for name, slash in parts:
            if slash or is_url(self.folder) or (self.folder / inside / name).is_file():
                yield name + slash

    def _is_picture(self, name: str, on_other: OnBad = ignore) -> bool:
        return is_picture(self.folder, name, on_other)


class Leftovers:
    """How many files were not taken, and the first of them with the reasons."""

    NAMED = 3

    def __init__(self) -> None:
        self.count = 0
        self._first: list[tuple[str, str]] = []

    def __str__(self) -> str:
        """The first ones, and how many more there are."""
        named = ", ".join(f"{name} ({reason})" for name, reason in self._first)
        return f"{named} and {self.count - self.NAMED} more" if self.count > self.NAMED else named

    def add(self, name: str, reason: str) -> None:
        """Count one more."""
        self.count += 1
        self._first = sorted([*self._first, (name, reason)])[: self.NAMED]


def _files(entries: Iterable[str], folders: Counter[str]) -> Iterator[str]:
    """The entries that are no folders; those that are, are counted, as some file system takes them for one."""
    for entry in entries:
        if entry.endswith("/"):
            folders[folded(entry)] += 1
        else:
            yield entry
