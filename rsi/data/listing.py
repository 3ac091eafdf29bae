"""The pictures of a folder, however many, and what their results are called."""

import hashlib
import os
import unicodedata
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from rsi.data.reading import SUFFIXES
from rsi.errors import InputError
from rsi.storage.listing import WINDOW, read_folder, sorted_windows
from rsi.storage.location import absolute, check_reachable

SAMPLES = "samples"


@dataclass(frozen=True)
class Listed:
    """One picture of a folder.

    Attributes:
        name: Its path in the folder, with forward slashes.
        output: What its results are called, see :func:`rsi.data.listing.output_names`.
        hides_folder: The restored image would take the place of a folder.
        sample: Which of several restorations of the picture it stands for, from 0.
    """

    name: str
    output: str
    hides_folder: bool = False
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
    """The pictures in a folder and its subfolders, by suffix, in the order of their names.

    Hidden files and folders, linked folders and the output folders of runs are passed over. No more than a window of
    names is in memory: a folder with more is read anew for every window.

    Args:
        folder: Where to look; a path or a URL, see :func:`rsi.storage.location.locate`.
        leave_out: Folders inside it that hold something else, such as masks.
        chosen: Names to confine the listing to.
        samples: How many restorations of each picture there are, see :meth:`Listed.samples`.
        window: How many names are in memory.
    """

    def __init__(
        self,
        folder: Path,
        leave_out: Collection[Path] = (),
        *,
        chosen: Container[str] | None = None,
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
            self._count = self._samples * sum(self._is_chosen(name) for name in self._unordered(""))
        return self._count

    def first(self, count: int) -> list[str]:
        """The first names."""
        return list(islice(self, count))

    def listed(self) -> Iterator[Listed]:
        """The pictures."""
        for image in self._ordered(""):
            if self._is_chosen(image.name):
                yield from image.samples(self._samples)

    def check(self) -> None:
        """Make sure that there is something to list.

        Raises:
            InputError: There is no such folder, or no picture in it.
        """
        check_reachable(self.folder)
        if not self.folder.is_dir():
            problem = "is a file, give the folder that holds it" if self.folder.exists() else "does not exist"
            raise InputError(f"the target folder {str(self.folder)!r} {problem}")
        if next(self._unordered(""), None) is None:
            raise InputError(f"no picture in {str(self.folder)!r}: files are read that end in {' '.join(SUFFIXES)}")

    def _is_chosen(self, name: str) -> bool:
        return self._chosen is None or name in self._chosen

    def _unordered(self, inside: str) -> Iterator[str]:
        for entry in self._entries(inside):
            if entry.endswith("/"):
                yield from self._unordered(inside + entry)
            else:
                yield inside + entry

    def _ordered(self, inside: str) -> Iterator[Listed]:
        for number, window in enumerate(sorted_windows(lambda: self._entries(inside), self._window)):
            is_all = number == 0 and len(window) < self._window
            images = self._listed(inside, window, window if is_all else self._entries(inside))
            for entry in window:
                if entry.endswith("/"):
                    yield from self._ordered(inside + entry)
                else:
                    yield images[entry]

    def _listed(self, inside: str, window: Iterable[str], everything: Iterable[str]) -> dict[str, Listed]:
        """The pictures of a window by their names, which depend on everything else in the folder."""
        names = [entry for entry in window if not entry.endswith("/")]
        folders: set[str] = set()
        outputs = output_names(names, _files(everything, folders))
        return {
            name: Listed(inside + name, inside + output, f"{output}.png/".casefold() in folders)
            for name, output in zip(names, outputs, strict=True)
        }

    def _entries(self, inside: str) -> Iterator[str]:
        """The pictures in a folder, and the folders to look into."""
        folder = self.folder / inside if inside else self.folder
        if inside and _holds_results(folder):
            return
        for name in read_folder(folder):
            if name.startswith("."):
                continue
            if name.endswith("/"):
                if not self._leave_out or absolute(folder / name) not in self._leave_out:
                    yield name
            elif name.lower().endswith(SUFFIXES):
                yield name


def _files(entries: Iterable[str], folders: set[str]) -> Iterator[str]:
    """The entries that are no folders; those that are, are noted without regard to case."""
    for entry in entries:
        if entry.endswith("/"):
            folders.add(entry.casefold())
        else:
            yield entry


def _holds_results(folder: Path) -> bool:
    """Whether a folder has the layout of :class:`rsi.results.folder.ResultFolder`."""
    return (folder / "settings.json").exists() and any((folder / name).is_dir() for name in ("latents", "records"))


def output_names(names: Sequence[str], among: Iterable[str]) -> list[str]:
    """What the results of images are named, without a suffix, unique among those of a run.

    It is the name without its suffix, ``a`` for ``a.png``; if that belongs to another input too, as for
    ``a.png`` and ``a.jpg``, or is another input's whole name, the suffix stays. Names that differ by case or by
    Unicode normalisation alone, which some file systems ignore, get a checksum besides.

    Args:
        names: Some inputs, with their suffixes.
        among: All inputs that they could be confused with, themselves among them; read once.
    """
    wanted = {folded(form) for name in names for form in (name, _stem(name))}
    claims: Counter[str] = Counter()
    twins: Counter[str] = Counter()
    for other in among:
        whole, stem = folded(other), folded(_stem(other))
        if whole in wanted:
            twins[whole] += 1
            claims[whole] += 1
        if stem in wanted:
            claims[stem] += 1
    return [
        _with_checksum(name) if twins[folded(name)] > 1 else name if claims[folded(_stem(name))] > 1 else _stem(name)
        for name in names
    ]


def folded(name: str) -> str:
    """The same text for all names that some file system may take for one: case, accents' form and the dots of i."""
    if name.isascii():
        return name.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).upper().casefold())
    return text.replace("i\u0307", "i")


def _with_checksum(name: str) -> str:
    return f"{name}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}"


def _stem(name: str) -> str:
    return name.rpartition(".")[0]
