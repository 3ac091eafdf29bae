"""Lists of faces that an earlier version of ``rsi align`` has written."""

from dataclasses import replace
from pathlib import Path

from rsi.errors import InputError
from rsi.photos.face_crop import cut
from rsi.photos.face_list import AlignedFace, FaceList
from rsi.photos.photograph import read_photograph
from rsi.storage.atomic import check_inside
from rsi.storage.fingerprint import file_sha256


def completed(faces: FaceList, folder: Path, photos: Path) -> FaceList:
    """A list with what earlier versions did not note: checksums, sizes and the folder of photographs.

    A face counts as one of the photographs in the folder if it can be cut out there again to the same pixels. Faces
    whose pictures are gone stay as they are.

    Args:
        faces: The list.
        folder: The folder of aligned faces.
        photos: The folder of photographs.

    Raises:
        InputError: A face is not one of these photographs, or its picture was changed since.
    """
    found = {name: _completed(face, folder, photos) for name, face in faces.faces.items()}
    return FaceList(faces.photos or str(photos.resolve()), found)


def _completed(face: AlignedFace, folder: Path, photos: Path) -> AlignedFace:
    aligned = folder / face.file
    if face.sha256 or not aligned.is_file():
        return face
    for path, inside in ((aligned, folder), (photos / face.photo, photos)):
        check_inside(path, inside)
    photograph, picture = read_photograph(photos / face.photo), read_photograph(aligned).picture
    if cut(photograph.picture, face.crop, picture.width).tobytes() != picture.tobytes():
        raise InputError(f"{aligned} cannot be cut out of {photos / face.photo} again")
    return replace(
        face,
        sha256=file_sha256(aligned),
        photo_sha256=photograph.sha256,
        photo_size=photograph.picture.size,
    )
