"""The faces of photographs: found, cut out, restored together and put back."""

import os
import re
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from rsi.commands.restore_output import CUT, Output
from rsi.commands.restore_run import COPIED, RestoringRun
from rsi.data.decoded import STATED_DEGRADATION
from rsi.data.listing import Listed
from rsi.data.reading import read_picture
from rsi.errors import InputError
from rsi.estimation.around_face import damage_of
from rsi.estimation.crop_damage import CropDamage, for_any_size
from rsi.generators import Generator
from rsi.log import printable, tell
from rsi.photos.face import Vector
from rsi.photos.face_crop import FaceCrop, crop_around, cut_with_holes
from rsi.photos.face_finder import make_finder
from rsi.photos.pasting import PlacedFace, paste, restored_face
from rsi.photos.photograph import Photograph, png, read_photograph
from rsi.results.layout import LONGEST_NAME
from rsi.storage.folding import folded, name_checksum

Outlined = tuple[FaceCrop, Vector | None]


@dataclass(frozen=True)
class Place:
    """A face in a photograph.

    Attributes:
        name: What its files are called.
        crop: Where it is.
        oval: ``[n, 2]``, its outline; ``None`` if it was not found.
        damage: What it is to be restored from; ``None`` if it stays as it is.
    """

    name: str
    crop: FaceCrop
    oval: Vector | None
    damage: CropDamage | None


class FaceWork:
    """Restores the faces of photographs.

    Args:
        chosen: The options.
        generator: Draws faces.
        output: Where results go.

    Raises:
        InputError: What happened is named in words that nobody knows.
    """

    def __init__(self, chosen: Namespace, generator: Generator, output: Output) -> None:
        self._chosen, self._generator, self._output = chosen, generator, output
        self._finder = make_finder(chosen.detector)
        self._degradation = for_any_size(chosen.degradation)
        self._names: set[str] = set()
        self._unknown: set[str] = set()
        self._restored: dict[str, Image.Image] = {}

    def restore(self, photographs: Sequence[Listed]) -> None:
        """Restore the faces of all photographs, name those that fail, and go on."""
        places: dict[str, list[Place]] = {}
        for image in photographs:
            with self._naming(image):
                places[image.name] = self._cut_out(image)
        self._restore_together([place.name for found in places.values() for place in found if place.damage])
        for image in photographs:
            with self._naming(image):
                if image.name in places:
                    self._put_back(image, places[image.name])
        if places and not any(places.values()):
            print("no face was found in any photograph", file=sys.stderr)

    @contextmanager
    def _naming(self, image: Listed) -> Iterator[None]:
        """Say of what cannot be used which photograph it is of, and go on."""
        try:
            yield
        except InputError as error:
            print(f"failed {printable(image.name)}: {error}", file=sys.stderr)

    def _cut_out(self, image: Listed) -> list[Place]:
        """Cut the faces of a photograph out."""
        path = self._output.photos / image.name
        photo = read_photograph(path)
        faces = self._faces(photo.picture)
        if not faces:
            tell(f"{image.name}: no face found, it is copied")
            return []
        center = _most_central(faces, photo.picture) if self._chosen.only_center_face else None
        damage_at = damage_of(read_picture(path), self._chosen.degradation, max(self._generator.resolution))
        names = self._new_names(image, len(faces))
        places = [
            Place(name, crop, oval, None if center not in (None, index) else damage_at(crop))
            for index, (name, (crop, oval)) in enumerate(zip(names, faces, strict=True))
        ]
        for place in places:
            self._output.reserve(place.name)
            self._write_cut(photo, image, place)
        return places

    def _faces(self, picture: Image.Image) -> list[Outlined]:
        if self._chosen.draw_box:
            left, top, width, height = self._chosen.draw_box
            crop = FaceCrop((left + width / 2, top + height / 2), (max(width, height) / 2, 0.0))
            if crop.share_outside(picture) == 1:
                raise InputError(f"--draw_box lies beyond the photograph, which is {picture.width}x{picture.height}")
            return [(crop, None)]
        return [(crop_around(face), face.oval) for face in self._finder.find(picture)]

    def _new_names(self, image: Listed, number: int) -> list[str]:
        """Names for the faces of a photograph that no other face has, whatever folder it is in."""
        stem = image.output.replace("/", "_")
        if len(os.fsencode(stem)) > LONGEST_NAME:
            stem = name_checksum(stem)
        while True:
            names = [stem] if number == 1 else [f"{stem}_{index}" for index in range(1, number + 1)]
            if not {folded(name) for name in names} & self._names:
                self._names.update(folded(name) for name in names)
                return names
            stem += "_"

    def _write_cut(self, photo: Photograph, image: Listed, place: Place) -> None:
        if place.damage is None:
            return
        picture = cut_with_holes(photo.picture, place.crop, place.damage.size, place.damage.known)
        said = PngInfo()
        said.add_text(STATED_DEGRADATION, place.damage.text)
        self._output.write_file(f"{CUT}/{place.name}.png", png(picture, photo.profile, pnginfo=said))
        tell(f"{image.name}: {place.name}, {place.crop.side:.0f} px wide, restored from {place.damage.text}")

    def _restore_together(self, names: Sequence[str]) -> None:
        """Restore faces, each from its own damage."""
        if not names:
            return
        run = RestoringRun(self._chosen, self._generator, _as_folder(self._degradation), self._degradation)
        run.restore(self._output.folder / CUT / f"{name}.png" for name in names)
        for name in names:
            restored = run.restored(f"{name}.png")
            if restored is not None and restored.is_drawn:
                self._output.keep_restored(name, restored)
                self._restored[name] = restored.picture.convert("RGB")
            elif restored is not None:
                tell(f"{name}: {COPIED}")
                self._unknown.add(name)

    def _put_back(self, image: Listed, places: Sequence[Place]) -> None:
        """Write a photograph with its restored faces.

        Raises:
            InputError: One of them could not be restored.
        """
        wanted = {place.name for place in places if place.damage is not None} - self._unknown
        if not wanted:
            self._output.keep(image)
            return
        if missing := sorted(wanted.difference(self._restored)):
            raise InputError(f"{', '.join(missing)} could not be restored: the lines above say why")
        photo = read_photograph(self._output.photos / image.name)
        self._output.write(image, paste(photo.picture, [*map(self._placed, places)]), photo)

    def _placed(self, place: Place) -> PlacedFace:
        if place.damage is None or place.name in self._unknown:
            return PlacedFace(place.crop, None, place.oval)
        return restored_face(place.crop, self._restored[place.name], place.oval, place.damage.text, self._chosen.shape)


def _most_central(faces: Sequence[Outlined], picture: Image.Image) -> int:
    """Which face is nearest to the middle of its photograph."""
    middle = np.array(picture.size) / 2
    return int(np.argmin([np.hypot(*(crop.center - middle)) for crop, _ in faces]))


def _as_folder(text: str) -> str:
    """What happened as the name of a folder."""
    return re.sub(r"[^a-z0-9=.,+_-]", "_", text.lower())[:100]
