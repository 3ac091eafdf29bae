"""``rsi paste``: put restored faces back into their photographs."""

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from PIL import Image

from rsi.data.listing import Listing
from rsi.errors import InputError
from rsi.log import printable
from rsi.options.parser import CommandParser
from rsi.photos.face_list import AlignedFace, read_faces
from rsi.photos.pasting import paste
from rsi.photos.photograph import read_photograph
from rsi.results.folder import FAILED, ResultFolder
from rsi.storage.atomic import atomic_path, check_inside


def main(argv: Sequence[str]) -> int:
    """Paste what is restored; returns 1 if some photograph or face could not be used."""
    arguments = _parser().parse_args(argv)
    if arguments.output_dir.resolve() in (arguments.photos.resolve(), arguments.restored.resolve()):
        raise InputError(f"results would mix with what is in {arguments.output_dir}: give another --output_dir")
    faces = read_faces(arguments.aligned_dir or _target_dir(arguments.restored))
    outputs = {row.file: row.output for row in ResultFolder(arguments.restored).rows() if row.status != FAILED}
    stems = {image.name: image.output for image in Listing(arguments.photos).listed()}
    pasted = [
        _try_photo(arguments, photo, list(group), outputs, stems.get(photo, ""))
        for photo, group in groupby(sorted(faces, key=_photo), key=_photo)
    ]
    print(f"written to {arguments.output_dir}")
    return 0 if all(pasted) else 1


def _photo(face: AlignedFace) -> str:
    return face.photo


def _try_photo(
    arguments: argparse.Namespace, name: str, faces: Sequence[AlignedFace], outputs: dict[str, str], stem: str
) -> bool:
    try:
        print(printable(_paste_all(arguments, name, faces, outputs, stem)))
    except InputError as error:
        print(f"failed {printable(name)}: {error}", file=sys.stderr)
        return False
    return True


def _paste_all(
    arguments: argparse.Namespace, name: str, faces: Sequence[AlignedFace], outputs: dict[str, str], stem: str
) -> str:
    if not stem:
        raise InputError(f"it is not in {arguments.photos}: give the folder that rsi align was given")
    restored = [face for face in faces if face.file in outputs]
    if not restored:
        raise InputError(
            f"none of its faces is restored in {arguments.restored}: run rsi fit on the aligned faces first"
        )
    photo = read_photograph(_inside(arguments.photos, name))
    profile = photo.info.get("icc_profile")
    for face in restored:
        photo = paste(photo, _read_face(_inside(arguments.restored, outputs[face.file])), face.crop, arguments.edge)
    with atomic_path(arguments.output_dir / f"{stem}.png") as temporary:
        photo.save(temporary, "PNG", icc_profile=profile)
    return f"{name}: {len(restored)} of {len(faces)} faces pasted"


def _inside(folder: Path, name: str) -> Path:
    check_inside(folder / name, folder)
    return folder / name


def _read_face(path: Path) -> Image.Image:
    face = read_photograph(path)
    if face.width != face.height:
        raise InputError(f"{path} is {face.width}x{face.height}: a face cut out by rsi align is square")
    return face


def _target_dir(restored: Path) -> Path:
    try:
        return Path(json.loads((restored / "settings.json").read_text())["target_dir"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{restored} is not the folder of a run: give the --output_dir of rsi fit") from None


def _parser() -> CommandParser:
    parser = CommandParser(
        "rsi paste",
        description="Puts faces that rsi align has cut out and rsi fit has restored back into their photographs, with "
        "a soft edge. The photographs themselves stay as they are.",
    )
    parser.add_argument("restored", type=Path, help="folder that rsi fit has written")
    parser.add_argument("photos", type=Path, help="folder of the photographs")
    parser.add_argument("--output_dir", type=Path, default=Path("pasted"), help="folder for the results")
    parser.add_argument("--aligned_dir", type=Path, help="folder that rsi align has written, if it was moved")
    parser.add_argument("--edge", type=_edge, default=0.08, help="width of the soft edge, a share of the face's width")
    return parser


def _edge(text: str) -> float:
    edge = float(text)
    if not 0 <= edge <= 0.5:
        raise argparse.ArgumentTypeError(f"{edge} is not from 0 to 0.5")
    return edge
