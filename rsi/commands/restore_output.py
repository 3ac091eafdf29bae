"""The output folder of ``rsi restore``."""

import hashlib
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from rsi.commands.restore_run import RUNS, RestoredPicture
from rsi.data.listing import Listed
from rsi.log import tell
from rsi.photos.photograph import Photograph, png, read_photograph
from rsi.photos.restored_list import Finished, read_restored, write_restored
from rsi.photos.writing import suffix_of, write_again
from rsi.storage.fingerprint import file_sha256
from rsi.storage.overwriting import check_free, write_listed

CUT, RESTORED, COMPARISONS = "cut", "restored", "comparisons"
OWN_FOLDERS = (CUT, RESTORED, COMPARISONS, RUNS)


class Output:
    """Whole pictures, faces as cut, as restored and side by side with both, and the runs that restored them.

    Args:
        chosen: The options.
        photos: The folder of the photographs.
        photographs: All that are named.
        settings: A checksum of what results depend on besides these.

    Attributes:
        restored: How many photographs were written with something restored in them.
        copied: How many were written as they are.

    Raises:
        InputError: A result would replace what rsi did not write, or what is read.
    """

    def __init__(self, chosen: Namespace, photos: Path, photographs: Sequence[Listed], settings: str) -> None:
        self.folder: Path = chosen.output_dir
        self.photos, self._settings = photos, settings
        self._suffix, self._ext, self._overwrite = chosen.suffix, chosen.ext, chosen.overwrite
        self._list = read_restored(self.folder)
        self.restored = self.copied = 0
        check_free(
            self.folder,
            self._names(photographs),
            self._list.written,
            (photos / image.name for image in photographs),
            overwrite=chosen.overwrite,
        )
        if chosen.overwrite:
            self._list.photographs.clear()

    def is_finished(self, image: Listed) -> bool:
        """Whether a photograph is done, and neither it nor the result has changed since."""
        known = self._list.photographs.get(image.name)
        if known is None or known.settings != self._settings:
            return False
        result = self.folder / known.output
        is_whole = result.is_file() and file_sha256(result) == self._list.written.get(known.output)
        return is_whole and file_sha256(self.photos / image.name) == known.source

    def write(self, image: Listed, picture: Image.Image, photo: Photograph | None = None) -> None:
        """Write a photograph with other colours, in its own format, and tell what is to be said of that.

        Args:
            image: The photograph.
            picture: Its colours, RGB.
            photo: What else it carries, if it was read and has the same size.
        """
        source = self.photos / image.name
        carried = photo or replace(read_photograph(source), alpha=None)
        written = write_again(carried, picture.convert("RGB"), source, self._ext)
        self._finish(image, self._name(image), written.content)
        self.restored += 1
        if written.remark:
            tell(f"{image.name}: {written.remark}")

    def keep(self, image: Listed) -> None:
        """Write a photograph as it is, unless its copy would be itself."""
        if not self._is_in_place(image):
            self._finish(image, self._name_as_it_is(image), (self.photos / image.name).read_bytes())
        self.copied += 1

    def reserve(self, name: str) -> None:
        """Make sure that a face, or a picture that is taken whole, can be kept under a name.

        Raises:
            InputError: Something that rsi did not write is there and would be replaced.
        """
        files = [f"{folder}/{name}.png" for folder in (CUT, RESTORED, COMPARISONS)]
        check_free(self.folder, files, self._list.written, [], overwrite=self._overwrite)

    def keep_restored(self, name: str, restored: RestoredPicture) -> None:
        """Write what was drawn of a picture and its comparison, which ``rsi fit`` can be told not to make."""
        self.write_file(f"{RESTORED}/{name}.png", png(restored.picture))
        if restored.comparison.is_file():
            self.write_file(f"{COMPARISONS}/{name}.png", restored.comparison.read_bytes())

    def write_file(self, name: str, content: bytes) -> None:
        """Write a picture whose place is free, and note that it is rsi's."""
        self._list.written[name] = hashlib.sha256(content).hexdigest()
        write_listed(self.folder / name, content, lambda: write_restored(self.folder, self._list))

    def _name(self, image: Listed) -> str:
        return f"{image.output}{self._suffix}{suffix_of(self.photos / image.name, self._ext)}"

    def _names(self, photographs: Sequence[Listed]) -> list[str]:
        """What may be written, as photographs are restored or copied."""
        restored = {self._name(image) for image in photographs}
        copied = {self._name_as_it_is(image) for image in photographs if not self._is_in_place(image)}
        return sorted(restored | copied)

    def _is_in_place(self, image: Listed) -> bool:
        """Whether a copy of a photograph would be the photograph itself, as results lie beside it."""
        return (self.folder / self._name_as_it_is(image)).resolve() == (self.photos / image.name).resolve()

    def _name_as_it_is(self, image: Listed) -> str:
        return f"{image.output}{self._suffix}{Path(image.name).suffix}"

    def _finish(self, image: Listed, name: str, content: bytes) -> None:
        source = self.photos / image.name
        self._list.photographs[image.name] = Finished(file_sha256(source), self._settings, name)
        self.write_file(name, content)
