"""The output folder of ``rsi restore``."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from rsi.commands.render import read_latent
from rsi.data.listing import Listed
from rsi.data.pictures import to_picture
from rsi.generators import Generator
from rsi.log import tell
from rsi.methods.latents import draw_latent
from rsi.methods.strength import at_strength
from rsi.photos.photograph import Photograph, read_photograph
from rsi.photos.restored_list import Finished, read_restored, write_restored
from rsi.photos.writing import suffix_of, write_again
from rsi.results import layout
from rsi.storage.atomic import atomic_path
from rsi.storage.fingerprint import file_sha256
from rsi.storage.overwriting import check_free

CUT, RESTORED, COMPARISONS, RUNS = "cut", "restored", "comparisons", "runs"


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
        self._suffix, self._ext, self._strength = chosen.suffix, chosen.ext, chosen.strength
        self._list = read_restored(self.folder)
        self.restored = self.copied = 0
        check_free(
            self.folder,
            [self._name(image) for image in photographs],
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
        self._finish(image, written.content)
        self.restored += 1
        if written.remark:
            tell(f"{image.name}: {written.remark}")

    def keep(self, image: Listed) -> None:
        """Write a photograph as it is."""
        self._finish(image, (self.photos / image.name).read_bytes(), (self.photos / image.name).suffix)
        self.copied += 1

    def copy(self, source: Path, name: str) -> None:
        """Write a copy of a picture under a name in the folder."""
        if source.is_file():
            self.write_file(name, source.read_bytes())

    def write_file(self, name: str, content: bytes) -> None:
        """Write a picture and note that it is rsi's."""
        check_free(self.folder, [name], self._list.written, [], overwrite=True)
        with atomic_path(self.folder / name) as path:
            path.write_bytes(content)
        self._list.written[name] = file_sha256(self.folder / name)
        write_restored(self.folder, self._list)

    def at_strength(self, run: Path, name: str, restored: Image.Image, generator: Generator) -> Image.Image:
        """A restored picture at the strength that was asked for.

        Args:
            run: The folder of the run that restored it.
            name: What its results are called there.
            restored: The picture at full strength.
            generator: What drew it.
        """
        latent = run / layout.LATENT.format(name)
        if self._strength == 1 or not latent.is_file():
            return restored
        tensors = read_latent(latent).tensors
        with torch.no_grad():
            drawn = draw_latent(generator, {**tensors, "codes": at_strength(tensors["codes"], self._strength)})[0]
        return to_picture(drawn).convert(restored.mode)

    def _name(self, image: Listed) -> str:
        return f"{image.output}{self._suffix}{suffix_of(self.photos / image.name, self._ext)}"

    def _finish(self, image: Listed, content: bytes, suffix: str = "") -> None:
        name = f"{image.output}{self._suffix}{suffix}" if suffix else self._name(image)
        self.write_file(name, content)
        source = file_sha256(self.photos / image.name)
        self._list.photographs[image.name] = Finished(source, self._settings, name)
        write_restored(self.folder, self._list)
