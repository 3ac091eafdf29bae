"""What becomes of a photograph: what is cut out of it, and how that is put back, as ``rsi restore`` does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rsi.app.damage_text import text_of
from rsi.data.decoded import Picture
from rsi.data.fitting import fit_to_shape
from rsi.data.listing import Listed
from rsi.data.masks import known_pixels
from rsi.data.pictures import to_picture
from rsi.data.reading import decode, read_picture
from rsi.data.target import Target
from rsi.data.target_reader import make_target
from rsi.errors import InputError
from rsi.estimation.crop_damage import found_damage, given_damage
from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.networks import embedded_network
from rsi.generators import GeneratorInfo
from rsi.numerics.size import Size
from rsi.photos.face import Face
from rsi.photos.face_crop import crop_around, cut_with_holes
from rsi.photos.face_finder import make_finder
from rsi.photos.pasting import PlacedFace, paste, restored_face
from rsi.photos.photograph import Photograph, png, read_photograph

SEARCHED = 512  # side of the part of a large photograph in which damages are looked for
UNIT = 16  # pixels; the largest MCU of a JPEG is as large
HALF = 128  # of an opacity from 0 to 255


@dataclass(frozen=True)
class Domain:
    """What a generator draws.

    Attributes:
        resolution: The size of its images.
        info: What else is known of it.
    """

    resolution: Size
    info: GeneratorInfo


@dataclass(frozen=True)
class Opened:
    """A photograph that was dropped on the page.

    Attributes:
        path: Its file, byte for byte.
        photo: The photograph, upright.
    """

    path: Path
    photo: Photograph

    @cached_property
    def picture(self) -> Picture:
        """The decoded file."""
        return read_picture(self.path)

    @cached_property
    def faces(self) -> list[Face]:
        """The faces in it, from left to right."""
        return make_finder().find(self.photo.picture)

    @property
    def size(self) -> str:
        """Width and height in words."""
        return f"{self.photo.picture.width} x {self.photo.picture.height}"


@dataclass(frozen=True)
class Part:
    """What the generator restores of a photograph.

    Attributes:
        name: What its files are called.
        target: What it is restored from.
        before: What it looked like, as much of it as the result shows.
        degradation: What happened to it.
        face: The face that was cut out; ``None`` if it is the whole picture.
    """

    name: str
    target: Target
    before: Image.Image
    degradation: str
    face: Face | None = None


def open_photograph(path: Path) -> Opened:
    """The photograph in a file.

    Raises:
        InputError: It cannot be read.
    """
    return Opened(path, read_photograph(path))


def is_whole(opened: Opened, domain: Domain) -> bool:
    """Whether the generator draws the whole picture; else the faces in it are cut out."""
    return not domain.info.draws_aligned_faces and min(domain.resolution) % min(opened.photo.picture.size) == 0


def estimate(opened: Opened, domain: Domain) -> Estimate:
    """What happened to a photograph; of a large one its middle is looked at."""
    network = embedded_network if domain.info.embedded and is_whole(opened, domain) else lambda: None
    return estimate_evidence(evidence_of_picture(_middle(opened.picture)), network)


def suggest(opened: Opened, found: Estimate, domain: Domain) -> str:
    """What is to be undone, as ``--degradation`` takes it; of several faces in the largest."""
    if is_whole(opened, domain):
        return text_of(found, _factor(opened, domain))
    sides = [crop_around(face).side for face in opened.faces]
    return found_damage(found, max(sides), max(domain.resolution)).text if sides else text_of(found, 1)


def number_of_parts(opened: Opened, domain: Domain) -> int:
    """How many :func:`parts_of` gives; 0 where there is nothing to restore."""
    return 1 if is_whole(opened, domain) else len(opened.faces)


def parts_of(opened: Opened, degradation: str, known: Image.Image | None, domain: Domain) -> list[Part]:
    """What there is to restore of a photograph: the whole picture, or its faces.

    Args:
        opened: The photograph.
        degradation: What happened to it.
        known: Black where it has holes, of its size; ``None`` if it has none.
        domain: What the generator draws.

    Raises:
        InputError: There is nothing.
    """
    stem = opened.path.stem
    if is_whole(opened, domain):
        size = domain.resolution // _factor(opened, domain)
        target, before = (_target(opened.picture, opened.path, size, mask) for mask in (known, None))
        return [Part(stem, target, framed(before), degradation)]
    if not opened.faces:
        raise InputError(
            f"no face was found in {opened.path.name} ({opened.size}), and other pictures have to be as large as what "
            f"the generator draws: give a photograph of a face"
        )
    names = [stem] if len(opened.faces) == 1 else [f"{stem}_{number + 1}" for number in range(len(opened.faces))]
    return [
        _part(opened, face, name, degradation, known, domain) for face, name in zip(opened.faces, names, strict=True)
    ]


def put_back(opened: Opened, parts: Sequence[Part], restored: Sequence[Image.Image]) -> Image.Image:
    """The whole picture, with its restored parts."""
    if parts[0].face is None:
        return restored[0]
    return paste(opened.photo.picture, [*map(_placed, parts, restored)])


def as_file(opened: Opened, parts: Sequence[Part], picture: Image.Image) -> bytes:
    """The whole picture as a PNG; of a photograph with all else that it carries."""
    return png(picture) if parts[0].face is None else opened.photo.with_colours(picture)


def framed(target: Target) -> Image.Image:
    """A target's picture, without what was put around it."""
    left, top, width, height = target.frame
    return to_picture(target.image[:, top : top + height, left : left + width])


def before_whole(opened: Opened, parts: Sequence[Part]) -> Image.Image:
    """The photograph, the part of it alone that the whole result shows."""
    return opened.photo.picture if parts[0].face else parts[0].before


def _part(opened: Opened, face: Face, name: str, degradation: str, known: Image.Image | None, domain: Domain) -> Part:
    crop = crop_around(face)
    mask = _opaque(opened, known)
    damage = given_damage(degradation, crop.side, max(domain.resolution), None if mask.all() else mask)
    picture = cut_with_holes(opened.photo.picture, crop, damage.size, damage.known)
    target = _target(decode(picture), Path(f"{name}.png"), Size.square(damage.size), None)
    return Part(name, target, picture.convert("RGB"), damage.text, face)


def _opaque(opened: Opened, known: Image.Image | None) -> NDArray[np.bool_]:
    planes = [plane for plane in (opened.photo.alpha, known) if plane is not None]
    opaque = np.ones(opened.photo.picture.size[::-1], bool)
    for plane in planes:
        opaque &= np.asarray(plane) >= HALF
    return opaque


def _placed(part: Part, restored: Image.Image) -> PlacedFace:
    if part.face is None:
        raise TypeError("a whole picture has no place in a photograph")
    return restored_face(crop_around(part.face), restored, part.face.oval, part.degradation)


def _factor(opened: Opened, domain: Domain) -> int:
    """How many times larger the generator's images are than a picture that is taken whole."""
    return min(domain.resolution) // min(opened.photo.picture.size)


def _target(picture: Picture, path: Path, size: Size, known: Image.Image | None) -> Target:
    mask = None if known is None else decode(known)
    fitted = fit_to_shape(picture, known_pixels(picture, path, mask=mask), path, resolution=size, factor=1, fit="crop")
    return make_target(picture, fitted, Listed(path.name, path.stem), seed=0, color=False)


def _middle(picture: Picture) -> Picture:
    """The middle of a picture on the grid of its JPEG blocks, if it is large."""
    height, width = picture.rgb.shape[-2:]
    if max(height, width) <= SEARCHED:
        return picture
    top, left = (max(0, (side - SEARCHED) // 2) // UNIT * UNIT for side in (height, width))
    rows, columns = slice(top, top + SEARCHED), slice(left, left + SEARCHED)
    alpha = None if picture.alpha is None else picture.alpha[:, rows, columns]
    return Picture(picture.rgb[:, rows, columns].contiguous(), alpha, picture.jpeg, picture.orientation)
