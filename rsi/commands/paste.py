"""``rsi paste``: put restored faces back into their photographs."""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import numpy as np
from PIL import Image

from rsi.data.listing import Listed, Listing
from rsi.errors import InputError
from rsi.log import printable
from rsi.options.face_flags import add_shape
from rsi.options.local_path import local_path
from rsi.options.parser import CommandParser
from rsi.photos.face_crop import cut
from rsi.photos.face_list import AlignedFace, read_faces
from rsi.photos.pasted_list import NAME, read_pasted, write_pasted
from rsi.photos.pasting import EDGE, PlacedFace, paste, restored_face
from rsi.photos.photograph import Photograph, read_photograph
from rsi.photos.writing import write_as_png
from rsi.results.folder import ResultFolder
from rsi.results.layout import PROGRESS, SETTINGS
from rsi.results.records import Row
from rsi.storage.atomic import check_inside
from rsi.storage.folding import composed
from rsi.storage.lock import FolderLock
from rsi.storage.overwriting import check_free, write_listed

SAME = 2.0  # levels of 255 by which, in the mean, a face cut out by another version of Pillow may differ


@dataclass(frozen=True)
class Photo:
    """A photograph that faces were cut out of.

    Attributes:
        name: Its path in the folder of photographs.
        faces: Its faces.
        output: The name of its result; empty if it is not in the folder.
    """

    name: str
    faces: Sequence[AlignedFace]
    output: str


def main(argv: Sequence[str]) -> int:
    """Paste what is restored; returns 1 if some photograph or face could not be used.

    Raises:
        InputError: An option, a list of crops or the output folder cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    arguments.aligned_dir = arguments.aligned_dir or _target_dir(arguments.restored)
    folders = [arguments.photos, arguments.restored, arguments.aligned_dir]
    if arguments.output_dir.resolve() in [folder.resolve() for folder in folders]:
        raise InputError(f"results would mix with what is in {arguments.output_dir}: give another --output_dir")
    with FolderLock(arguments.output_dir / PROGRESS / "lock").held():
        return _paste_photos(arguments)


def _paste_photos(arguments: argparse.Namespace) -> int:
    photos = _photos(arguments)
    restored = _restored(arguments.restored, photos)
    pasted = _earlier_results(arguments)
    check_free(
        arguments.output_dir,
        [photo.output for photo in photos if photo.output],
        pasted,
        _inputs(arguments, photos, restored),
        overwrite=arguments.overwrite,
    )
    done = [_try_photo(arguments, photo, restored, pasted) for photo in photos]
    if not any(done):
        print("no face is pasted: nothing is written", file=sys.stderr)
        return 1
    print(f"written to {arguments.output_dir}")
    return 0 if all(done) else 1


def _photos(arguments: argparse.Namespace) -> list[Photo]:
    """The photographs that faces were cut out of, in the order of their names."""
    faces = sorted(_aligned_faces(arguments.aligned_dir), key=attrgetter("photo"))
    listed = {image.name: image for image in Listing(arguments.photos).listed()}
    alike = {composed(name): image for name, image in listed.items()}
    grouped = groupby(faces, key=attrgetter("photo"))
    return [_photo(name, list(group), listed.get(name) or alike.get(composed(name))) for name, group in grouped]


def _aligned_faces(folder: Path) -> Iterable[AlignedFace]:
    try:
        return read_faces(folder).faces.values()
    except InputError as error:
        raise InputError(f"{error}; if it was moved, say with --aligned_dir where it is") from None


def _photo(name: str, faces: Sequence[AlignedFace], image: Listed | None) -> Photo:
    """A photograph under the name that it has now, which may have its accents in another form."""
    if image is None:
        return Photo(name, faces, "")
    return Photo(image.name, faces, f"{image.name if image.hides_folder else image.output}.png")


def _restored(folder: Path, photos: Sequence[Photo]) -> dict[str, Row]:
    """What is restored, by the composed names of the faces it was made from, as these are now."""
    checksums = {composed(face.file): face.sha256 for photo in photos for face in photo.faces}
    found = {}
    for row in ResultFolder(folder).rows():
        made_from, is_now = row.made_from.get("target"), checksums.get(composed(row.file))
        if row.is_done and (not made_from or not is_now or made_from.sha256 == is_now):
            found[composed(row.file)] = row
    return found


def _earlier_results(arguments: argparse.Namespace) -> dict[str, str]:
    try:
        return read_pasted(arguments.output_dir)
    except InputError:
        if not arguments.overwrite:
            raise
    check_free(arguments.output_dir, [NAME], {}, [], overwrite=True)
    return {}


def _inputs(arguments: argparse.Namespace, photos: Sequence[Photo], restored: dict[str, Row]) -> Iterator[Path]:
    yield from (arguments.photos / photo.name for photo in photos if photo.output)
    yield from (arguments.restored / row.output for row in restored.values())
    yield from (arguments.aligned_dir / face.file for photo in photos for face in photo.faces)


def _try_photo(arguments: argparse.Namespace, photo: Photo, restored: dict[str, Row], pasted: dict[str, str]) -> bool:
    try:
        print(printable(_paste_all(arguments, photo, restored, pasted)))
    except InputError as error:
        print(f"failed {printable(photo.name)}: {error}", file=sys.stderr)
        return False
    return True


def _paste_all(arguments: argparse.Namespace, photo: Photo, restored: dict[str, Row], pasted: dict[str, str]) -> str:
    if not photo.output:
        raise InputError(f"it is not in {arguments.photos}: give the folder that rsi align was given")
    if not any(composed(face.file) in restored for face in photo.faces):
        raise InputError(
            f"none of its faces is restored in {arguments.restored}: run rsi fit on the aligned faces first"
        )
    photograph = read_photograph(_inside(arguments.photos, photo.name))
    faces = _faces_of(photograph, photo.faces, arguments.aligned_dir)
    placed = [_placed(arguments, face, restored.get(composed(face.file))) for face in faces]
    if not (count := sum(face.picture is not None for face in placed)):
        raise InputError(f"what is restored in {arguments.restored} is of an earlier version of it: run rsi fit again")
    picture = paste(photograph.picture, placed, arguments.edge)
    written = write_as_png(photograph, picture, arguments.photos / photo.name)
    pasted[photo.output] = hashlib.sha256(written.content).hexdigest()
    write_listed(
        arguments.output_dir / photo.output, written.content, lambda: write_pasted(arguments.output_dir, pasted)
    )
    told = f"{photo.name}: {count} of {len(faces)} faces pasted"
    return f"{told}; {written.remark}" if written.remark else told


def _faces_of(photograph: Photograph, faces: Sequence[AlignedFace], aligned_dir: Path) -> list[AlignedFace]:
    """The faces that were cut out of the photograph as it is now."""
    current = [face for face in faces if _is_from(photograph, face, aligned_dir)]
    if current:
        return current
    (width, height), before = photograph.picture.size, faces[-1].photo_size
    changed = "has changed since its faces were cut out"
    if before is not None and before != (width, height):
        changed = f"has {width}x{height} pixels and had {before[0]}x{before[1]} when its faces were cut out"
    raise InputError(f"it {changed}: run rsi align and rsi fit again, or give the photograph as it was")


def _is_from(photograph: Photograph, face: AlignedFace, aligned_dir: Path) -> bool:
    """Whether a face was cut out of the photograph; where the list is too old to say, by cutting it out again."""
    aligned = aligned_dir / face.file
    if face.photo_sha256 or not aligned.is_file():
        return face.photo_sha256 in ("", photograph.sha256)
    before = np.asarray(_read_aligned(aligned), dtype=np.float32)
    now = np.asarray(cut(photograph.picture, face.crop, len(before)), dtype=np.float32)
    return bool(np.abs(before - now).mean() < SAME)


def _placed(arguments: argparse.Namespace, face: AlignedFace, row: Row | None) -> PlacedFace:
    oval = None if face.oval is None else np.array(face.oval)
    if row is None:
        return PlacedFace(face.crop, None, oval)
    picture = read_photograph(_inside(arguments.restored, row.output)).picture
    return restored_face(face.crop, picture, oval, row.degradation, arguments.shape)


def _inside(folder: Path, name: str) -> Path:
    check_inside(folder / name, folder)
    return folder / name


def _read_aligned(path: Path) -> Image.Image:
    face = read_photograph(path).picture
    if face.width != face.height:
        raise InputError(f"{path} is {face.width}x{face.height}: a face cut out by rsi align is square")
    return face


def _target_dir(restored: Path) -> Path:
    try:
        return Path(json.loads((restored / SETTINGS).read_text())["target_dir"]).expanduser()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        raise InputError(f"{restored} is not the folder of a run: give the --output_dir of rsi fit") from None


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi paste",
        description="Puts faces that rsi align has cut out and rsi fit has restored back into their photographs, with "
        "a soft edge. The photographs themselves stay as they are.",
    )
    parser.add_argument("restored", type=local_path, help="folder that rsi fit has written")
    parser.add_argument("photos", type=local_path, help="folder of the photographs")
    parser.add_argument("--output_dir", type=local_path, default=Path("pasted"), help="folder for the results")
    parser.add_argument("--overwrite", action="store_true", help="replace files there that rsi paste did not write")
    parser.add_argument("--aligned_dir", type=local_path, help="folder that rsi align has written, if it was moved")
    parser.add_argument(
        "--edge",
        type=_edge,
        metavar="SHARE",
        default=EDGE,
        help="width of the soft edge, a share of the face's width",
    )
    add_shape(parser)
    return parser


def _edge(text: str) -> float:
    edge = float(text)
    if not 0 <= edge <= 0.5:
        raise argparse.ArgumentTypeError(f"{edge} is not from 0 to 0.5")
    return edge
