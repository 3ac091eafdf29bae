"""Which aligned face comes from where in which photograph."""

import json
from dataclasses import dataclass
from pathlib import Path

from rsi.errors import InputError
from rsi.photos.face_crop import FaceCrop
from rsi.storage.atomic import atomic_path

NAME = "faces.json"


@dataclass(frozen=True)
class AlignedFace:
    """A face that was cut out.

    Attributes:
        file: The aligned picture, relative to the folder of aligned faces.
        photo: The photograph, relative to the folder of photographs.
        crop: Where it was cut out.
    """

    file: str
    photo: str
    crop: FaceCrop


def write_faces(folder: Path, faces: list[AlignedFace]) -> None:
    """Write ``faces.json`` beside the aligned pictures."""
    entries = {face.file: {"photo": face.photo, "center": face.crop.center, "right": face.crop.right} for face in faces}
    with atomic_path(folder / NAME) as path:
        path.write_text(json.dumps(entries, indent=1))


def read_faces(folder: Path) -> list[AlignedFace]:
    """The faces of a folder that ``rsi align`` has written.

    Raises:
        InputError: There is no such list in the folder, or it is damaged.
    """
    try:
        entries = json.loads((folder / NAME).read_text())
        return [AlignedFace(file, entry["photo"], _read_crop(entry)) for file, entry in entries.items()]
    except OSError:
        raise InputError(f"{folder} has no {NAME}: give the folder that rsi align has written") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{folder / NAME} is damaged: run rsi align again") from None


def _read_crop(entry: dict[str, list[float]]) -> FaceCrop:
    (center_x, center_y), (right_x, right_y) = entry["center"], entry["right"]
    return FaceCrop((float(center_x), float(center_y)), (float(right_x), float(right_y)))
