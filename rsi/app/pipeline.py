"""What becomes of a photograph: what is cut out of it, and how that is put back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from PIL import Image

from rsi.app.damage_text import text_of
from rsi.data.decoded import Picture
from rsi.data.fitting import fit_to_square
from rsi.data.folder import make_target
from rsi.data.listing import Listed
from rsi.data.masks import known_pixels
from rsi.data.pictures import to_picture
from rsi.data.reading import decode, read_picture
from rsi.data.target import Target
from rsi.errors import InputError
from rsi.estimation.estimate import Estimate, estimate_evidence, evidence_of_picture
from rsi.estimation.networks import embedded_network
from rsi.generators.zoo import EMBEDDED
from rsi.photos.face_crop import FaceCrop, crop_around, cut
from rsi.photos.face_finder import make_finder
from rsi.photos.pasting import PlacedFace, paste
from rsi.photos.photograph import Photograph, png, read_photograph

SEARCHED = 512  # side of the part of a large photograph in which damages are looked for
UNIT = 16  # pixels; the largest MCU of a JPEG is as large
EDGE = 0.08


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
    def crops(self) -> list[FaceCrop]:
        """The faces in it, from left to right."""
        return [crop_around(face) for face in make_finder().find(self.photo.picture)]


@dataclass(frozen=True)
class Part:
    """What the generator restores of a photograph.

    Attributes:
        name: What its files are called.
        target: What it is restored from.
        before: What it looked like, as much of it as the result shows.
        crop: Where it was cut out; ``None`` if it is the whole picture.
    """

    name: str
    target: Target
    before: Image.Image
    crop: FaceCrop | None = None


def open_photograph(path: Path) -> Opened:
    """The photograph in a file.

    Raises:
        InputError: It cannot be read.
    """
    return Opened(path, read_photograph(path))


def is_whole(opened: Opened, resolution: int) -> bool:
    """Whether the generator draws the whole picture; else the faces in it are cut out."""
    return resolution % min(opened.photo.picture.size) == 0


def estimate(opened: Opened, generator: str) -> Estimate:
    """What happened to a photograph; of a large one its middle is looked at."""
    network = embedded_network if generator in EMBEDDED else lambda: None
    return estimate_evidence(evidence_of_picture(_middle(opened.picture)), network)


def suggest(opened: Opened, found: Estimate, resolution: int) -> str:
    """What is to be undone, as ``--degradation`` takes it."""
    if is_whole(opened, resolution):
        return text_of(found, resolution // min(opened.photo.picture.size))
    return text_of(_without_header(found), 1)


def parts_of(opened: Opened, known: Image.Image | None, resolution: int, factor: int | None) -> list[Part]:
    """What there is to restore of a photograph: the whole picture, or its faces.

    Args:
        opened: The photograph.
        known: Black where it has holes, of its size; ``None`` if it has none.
        resolution: Side of the generator's images.
        factor: How many times smaller targets are; ``None`` where each target decides.

    Raises:
        InputError: There is nothing.
    """
    path, picture = opened.path, opened.picture
    make = partial(_target, resolution=resolution, factor=factor)
    if is_whole(opened, resolution):
        return [Part(path.stem, make(picture, path, known), framed(make(picture, path, None)))]
    if not opened.crops:
        size = f"{opened.photo.picture.width}x{opened.photo.picture.height}"
        raise InputError(
            f"no face was found in {path.name} ({size}), and the generator draws {resolution}x{resolution}: give a "
            f"photograph of a face, or a picture of {resolution}x{resolution}"
        )
    side, parts = resolution // (factor or 1), []
    for number, crop in enumerate(opened.crops, 1):
        name = path.stem if len(opened.crops) == 1 else f"{path.stem}_{number}"
        face, holes = cut(opened.photo.picture, crop, side), None
        if known is not None:
            holes = cut(known.convert("RGB"), crop, side).convert("L").point(lambda white: 255 * (white == 255))
        parts.append(Part(name, make(decode(face), Path(f"{name}.png"), holes), face, crop))
    return parts


def put_back(opened: Opened, parts: Sequence[Part], restored: Sequence[Image.Image]) -> Image.Image:
    """The whole picture, with its restored parts."""
    if parts[0].crop is None:
        return restored[0]
    faces = [PlacedFace(part.crop, picture) for part, picture in zip(parts, restored, strict=True) if part.crop]
    return paste(opened.photo.picture, faces, EDGE)


def as_file(opened: Opened, parts: Sequence[Part], picture: Image.Image) -> bytes:
    """The whole picture as a PNG; of a photograph with all else that it carries."""
    return png(picture) if parts[0].crop is None else opened.photo.with_colours(picture)


def framed(target: Target) -> Image.Image:
    """A target's picture, without what was put around it."""
    left, top, width, height = target.frame
    return to_picture(target.image[:, top : top + height, left : left + width])


def before_whole(opened: Opened, parts: Sequence[Part]) -> Image.Image:
    """The photograph, the part of it alone that the whole result shows."""
    return opened.photo.picture if parts[0].crop else parts[0].before


def _target(picture: Picture, path: Path, known: Image.Image | None, *, resolution: int, factor: int | None) -> Target:
    mask = None if known is None else decode(known)
    square = fit_to_square(
        picture, known_pixels(picture, path, mask=mask), path, resolution=resolution, factor=factor, fit="crop"
    )
    return make_target(picture, square, Listed(path.name, path.stem), seed=0, color=False, made_from={})


def _without_header(found: Estimate) -> Estimate:
    """What was found, with the quality of a JPEG: a face that is cut out has no header."""
    findings = [
        replace(one, settings={"quality": one.shown["quality"]}, shown={}) if one.how == "read" and one.shown else one
        for one in found.findings
    ]
    return replace(found, findings=tuple(findings))


def _middle(picture: Picture) -> Picture:
    """The middle of a picture on the grid of its JPEG blocks, if it is large."""
    height, width = picture.rgb.shape[-2:]
    if max(height, width) <= SEARCHED:
        return picture
    top, left = (max(0, (side - SEARCHED) // 2) // UNIT * UNIT for side in (height, width))
    rows, columns = slice(top, top + SEARCHED), slice(left, left + SEARCHED)
    alpha = None if picture.alpha is None else picture.alpha[:, rows, columns]
    return Picture(picture.rgb[:, rows, columns].contiguous(), alpha, picture.jpeg, picture.orientation)
