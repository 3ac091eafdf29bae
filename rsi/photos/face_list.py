"""Which aligned face comes from where in which photograph."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rsi.errors import InputError
from rsi.photos.face import Vector
from rsi.photos.face_crop import FaceCrop
from rsi.storage.atomic import atomic_path

NAME = "faces.json"
Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class AlignedFace:
    """A face that was cut out.

    Attributes:
        file: The aligned picture, relative to the folder of aligned faces.
        photo: The photograph, relative to the folder of photographs.
        crop: Where it was cut out.
        sha256: Checksum of the aligned picture; empty in lists of older versions.
        photo_sha256: Checksum of the photograph's pixels, see :attr:`rsi.photos.photograph.Photograph.sha256`; empty in
            lists of older versions.
        photo_size: Width and height of the upright photograph in pixels; ``None`` in lists of older versions.
        oval: The corners of the face's outline, x and y in the photograph; ``None`` in lists of older versions.
    """

    file: str
    photo: str
    crop: FaceCrop
    sha256: str = ""
    photo_sha256: str = ""
    photo_size: tuple[int, int] | None = None
    oval: Corners | None = None


@dataclass
class FaceList:
    """The faces that were cut out of the photographs of a folder.

    Attributes:
        photos: The folder of photographs, an absolute path; empty in lists of older versions.
        faces: The faces by the names of their pictures.
    """

    photos: str = ""
    faces: dict[str, AlignedFace] = field(default_factory=dict)

    @property
    def written(self) -> dict[str, str]:
        """The checksum of each picture."""
        return {name: face.sha256 for name, face in self.faces.items()}


def as_corners(oval: Vector) -> Corners:
    """An outline ``[n, 2]`` as a list keeps it, to a hundredth of a pixel."""
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in oval)


def write_faces(folder: Path, faces: FaceList) -> None:
    """Write ``faces.json`` beside the aligned pictures."""
    content = {"photos": faces.photos, "faces": {name: _to_entry(face) for name, face in faces.faces.items()}}
    with atomic_path(folder / NAME) as path:
        path.write_text(json.dumps(content, indent=1))


def read_faces(folder: Path) -> FaceList:
    """The faces of a folder that ``rsi align`` has written.

    Raises:
        InputError: There is no such list in the folder, or it is damaged.
    """
    try:
        content = json.loads((folder / NAME).read_text())
        entries = content.get("faces", content)
        faces = {file: _from_entry(file, entry) for file, entry in entries.items()}
        return FaceList(str(content["photos"]) if "faces" in content else "", faces)
    except OSError:
        raise InputError(f"{folder} has no {NAME}: give the folder that rsi align has written") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{folder / NAME} is damaged: run rsi align again") from None


def _to_entry(face: AlignedFace) -> dict[str, Any]:
    return {
        "photo": face.photo,
        "center": face.crop.center,
        "right": face.crop.right,
        "sha256": face.sha256,
        "photo_sha256": face.photo_sha256,
        "photo_size": face.photo_size,
        "oval": face.oval,
    }


def _from_entry(file: str, entry: dict[str, Any]) -> AlignedFace:
    (center_x, center_y), (right_x, right_y) = entry["center"], entry["right"]
    crop = FaceCrop((float(center_x), float(center_y)), (float(right_x), float(right_y)))
    width, height = entry.get("photo_size") or (0, 0)
    oval = tuple((float(x), float(y)) for x, y in entry.get("oval") or ())
    return AlignedFace(
        file,
        str(entry["photo"]),
        crop,
        str(entry.get("sha256", "")),
        str(entry.get("photo_sha256", "")),
        (int(width), int(height)) if width else None,
        oval or None,
    )
