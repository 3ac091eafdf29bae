"""``rsi align``: cut faces out of photographs as FFHQ was made."""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rsi.data.listing import Listed, Listing
from rsi.errors import InputError
from rsi.log import printable
from rsi.options.face_flags import add_detector
from rsi.options.local_path import local_path
from rsi.options.parser import CommandParser
from rsi.photos.crop_names import CropNames
from rsi.photos.face import Face
from rsi.photos.face_crop import crop_around, cut
from rsi.photos.face_finder import FaceFinder, make_finder
from rsi.photos.face_list import NAME, AlignedFace, FaceList, as_corners, read_faces, write_faces
from rsi.photos.older_list import completed
from rsi.photos.own_pictures import own_pictures
from rsi.photos.photograph import Photograph, png, read_photograph
from rsi.results.layout import PROGRESS
from rsi.storage.lock import FolderLock
from rsi.storage.overwriting import check_free, write_listed

OUTSIDE = 0.1


@dataclass(frozen=True)
class Output:
    """Where faces go, and what is there.

    Attributes:
        folder: The folder.
        faces: Its list of faces.
        names: The names that are given.
        size: Width and height of the faces in pixels.
    """

    folder: Path
    faces: FaceList
    names: CropNames
    size: int


def main(argv: Sequence[str]) -> int:
    """Align the faces of a folder; returns 1 if some photograph could not be read, or no face was found in any.

    Raises:
        InputError: An option or the output folder cannot be used.
    """
    arguments = make_parser().parse_args(argv)
    if arguments.output_dir.resolve() == arguments.photos.resolve():
        raise InputError(
            f"aligned faces would mix with the photographs in {arguments.photos}: give another --output_dir"
        )
    finder = make_finder(arguments.detector)
    photographs = _photographs(arguments.photos)
    with FolderLock(arguments.output_dir / PROGRESS / "lock").held():
        return _align(arguments, photographs, finder)


def _align(arguments: argparse.Namespace, photographs: Sequence[Listed], finder: FaceFinder) -> int:
    output = _open_output(arguments, photographs)
    counts = [_try_photo(arguments.photos, image, finder, output) for image in photographs]
    read = [count for count in counts if count is not None]
    if not sum(read):
        print(f"no face was found in any of {len(read)} photographs: nothing is written", file=sys.stderr)
        return 1
    print(f"{sum(read)} faces of {len(read)} photographs written to {arguments.output_dir}")
    return 0 if len(read) == len(photographs) else 1


def _photographs(folder: Path) -> list[Listed]:
    listing = Listing(folder)
    listing.check()
    is_own, listed = own_pictures(folder), list(listing.listed())
    photographs = [image for image in listed if not is_own(image.name)]
    if passed_over := len(listed) - len(photographs):
        print(f"pictures that rsi itself has written there and that are passed over: {passed_over}")
    if not photographs:
        raise InputError(f"rsi has written all pictures in {folder}: give the folder of the photographs")
    return photographs


def _open_output(arguments: argparse.Namespace, photographs: Sequence[Listed]) -> Output:
    """See to it that nothing but rsi's own files is going to be replaced.

    Raises:
        InputError: Something else is in the way.
    """
    folder, photos = arguments.output_dir, arguments.photos.resolve()
    faces = _earlier_faces(arguments)
    if faces.photos != str(photos) and faces.faces:
        raise InputError(f"{folder} holds the faces of {faces.photos}, not of {photos}: choose another --output_dir")
    names = CropNames(photographs, faces.faces.values())
    there = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix.lower() == ".png"]
    check_free(
        folder,
        sorted({name for name in there if names.may_become(name)} | {f"{image.output}.png" for image in photographs}),
        faces.written,
        (arguments.photos / image.name for image in photographs),
        overwrite=arguments.overwrite,
    )
    return Output(folder, FaceList(str(photos), faces.faces), names, arguments.size)


def _earlier_faces(arguments: argparse.Namespace) -> FaceList:
    path = arguments.output_dir / NAME
    if not path.exists():
        return FaceList()
    try:
        return completed(read_faces(arguments.output_dir), arguments.output_dir, arguments.photos)
    except InputError as error:
        if arguments.overwrite:
            return FaceList()
        raise InputError(
            f"{path} was not written by this version of rsi align and cannot be added to ({error}): choose another "
            "--output_dir, or give --overwrite to replace it"
        ) from None


def _try_photo(photos: Path, image: Listed, finder: FaceFinder, output: Output) -> int | None:
    """Align the faces of a photograph; returns how many there are, ``None`` if it cannot be used."""
    try:
        photo = read_photograph(photos / image.name)
        faces = finder.find(photo.picture)
        names = output.names.choose(image, photo.sha256, len(faces))
        for name, face in zip(names, faces, strict=True):
            remarks = "; ".join(_write_face(photo, image, face, name, output))
            print(printable(f"{image.name}: {name}{': ' if remarks else ''}{remarks}"))
    except InputError as error:
        print(f"failed {printable(image.name)}: {error}", file=sys.stderr)
        return None
    if not faces:
        print(printable(f"{image.name}: no face found"))
    return len(faces)


def _write_face(photo: Photograph, image: Listed, face: Face, name: str, output: Output) -> list[str]:
    """Cut a face out, note it and write it; returns what is to be said of it."""
    crop = crop_around(face)
    picture = cut(photo.picture, crop, output.size)
    content = png(picture, photo.profile)
    checksum = hashlib.sha256(content).hexdigest()
    aligned = AlignedFace(name, image.name, crop, checksum, photo.sha256, photo.picture.size, as_corners(face.oval))
    output.names.add([aligned])
    output.faces.faces[name] = aligned
    write_listed(output.folder / name, content, lambda: write_faces(output.folder, output.faces))
    outside = crop.share_outside(photo.picture)
    return _remarks(face, crop.side, outside, output.size)


def _remarks(face: Face, side: float, outside: float, size: int) -> list[str]:
    remarks = [*face.doubts]
    if outside > OUTSIDE:
        remarks.append(f"{outside:.0%} of the crop lies beyond the photograph and was mirrored")
    if side < size * 0.75:
        remarks.append(
            f"it is only {side:.0f} px wide in the photograph: --size {_power_of_two(side)} and --degradation upsample "
            "restore what enlarging cannot"
        )
    return remarks


def _power_of_two(side: float) -> int:
    return max(16, 1 << (int(side).bit_length() - 1))


def make_parser() -> CommandParser:
    """The parser of the command's options."""
    parser = CommandParser(
        "rsi align",
        description="Finds the faces in photographs and cuts them out as FFHQ was made, upright and centred, so that "
        "a face generator can restore them. Cutting out resamples: blocks of JPEG no longer lie on their grid.",
    )
    parser.add_argument("photos", type=local_path, help="folder of photographs")
    parser.add_argument("--output_dir", type=local_path, default=Path("aligned"), help="folder for the faces")
    parser.add_argument("--overwrite", action="store_true", help="replace files there that rsi align did not write")
    parser.add_argument("--size", type=_size, metavar="N", default=1024, help="width and height of the faces in pixels")
    add_detector(parser)
    return parser


def _size(text: str) -> int:
    size = int(text)
    if not 16 <= size <= 4096:
        raise argparse.ArgumentTypeError(f"{size} is not from 16 to 4096")
    return size
