"""``rsi align``: cut faces out of photographs as FFHQ was made."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from rsi.data.listing import Listed, Listing
from rsi.errors import InputError
from rsi.log import printable
from rsi.options.parser import CommandParser
from rsi.photos.face_crop import crop_around, cut
from rsi.photos.face_finder import Face, FaceFinder
from rsi.photos.face_list import AlignedFace, write_faces
from rsi.photos.photograph import read_photograph
from rsi.storage.atomic import atomic_path

FRONTAL = 0.3
DOUBTFUL = 0.6
OUTSIDE = 0.1


def main(argv: Sequence[str]) -> int:
    """Align the faces of a folder; returns 1 if some photograph could not be read."""
    arguments = _parser().parse_args(argv)
    if arguments.output_dir.resolve() == arguments.photos.resolve():
        raise InputError(
            f"aligned faces would mix with the photographs in {arguments.photos}: give another --output_dir"
        )
    listing, finder = Listing(arguments.photos), FaceFinder()
    listing.check()
    aligned: list[AlignedFace] = []
    unread = 0
    for image in listing.listed():
        try:
            photo = read_photograph(arguments.photos / image.name)
        except InputError as error:
            print(f"failed {printable(image.name)}: {error}", file=sys.stderr)
            unread += 1
            continue
        aligned += _align(photo, image, finder, arguments.output_dir, arguments.size)
        write_faces(arguments.output_dir, aligned)
    print(f"{len(aligned)} faces of {len(listing) - unread} photographs written to {arguments.output_dir}")
    return 1 if unread else 0


def _align(photo: Image.Image, image: Listed, finder: FaceFinder, folder: Path, size: int) -> list[AlignedFace]:
    faces = finder.find(photo)
    aligned = []
    for number, face in enumerate(faces, start=1):
        crop = crop_around(face.landmarks)
        picture = cut(photo, crop, size)
        file = f"{image.output}.png" if len(faces) == 1 else f"{image.output}_{number}.png"
        with atomic_path(folder / file) as path:
            picture.save(path, "PNG", icc_profile=photo.info.get("icc_profile"))
        aligned.append(AlignedFace(file, image.name, crop))
        remarks = "; ".join(_remarks(face, crop.side, crop.outside(photo), finder.frontal_score(picture), size))
        print(printable(f"{image.name}: {file}{': ' if remarks else ''}{remarks}"))
    if not faces:
        print(printable(f"{image.name}: no face found"))
    return aligned


def _remarks(face: Face, side: float, outside: float, frontal: float, size: int) -> list[str]:
    remarks = []
    if frontal < FRONTAL:
        remarks.append("seen from the side, lying or partly hidden: the crop may be off and the result wrong")
    if face.confidence < DOUBTFUL:
        remarks.append(f"the detector is not sure of it ({face.confidence:.2f})")
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


def _parser() -> CommandParser:
    parser = CommandParser(
        "rsi align",
        description="Finds the faces in photographs and cuts them out as FFHQ was made, upright and centred, so that "
        "a face generator can restore them. Cutting out resamples: blocks of JPEG no longer lie on their grid.",
    )
    parser.add_argument("photos", type=Path, help="folder of photographs")
    parser.add_argument("--output_dir", type=Path, default=Path("aligned"), help="folder for the faces")
    parser.add_argument("--size", type=_size, default=1024, help="width and height of the faces in pixels")
    return parser


def _size(text: str) -> int:
    size = int(text)
    if not 16 <= size <= 4096:
        raise argparse.ArgumentTypeError(f"{size} is not from 16 to 4096")
    return size
