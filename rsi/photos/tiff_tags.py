"""Adding EXIF data to a TIFF file, whose strips stay as they are."""

import io

from PIL import Image
from PIL.ExifTags import IFD
from PIL.TiffImagePlugin import STRIPBYTECOUNTS, STRIPOFFSETS, ImageFileDirectory_v2, TiffImageFile

FOLDERS = (IFD.Exif, IFD.GPSInfo)


def with_exif(content: bytes, exif: bytes) -> bytes:
    """A TIFF file with EXIF data besides its own tags.

    Pillow hands them to libtiff where it compresses, which takes no folders of tags and may end the process.

    Args:
        content: A TIFF file of one page in strips.
        exif: As Pillow has it; tags of the file itself count more.
    """
    added = Image.Exif()
    added.load(exif)
    tags = ImageFileDirectory_v2()
    for tag in added:
        tags[tag] = _folder(added, tag) if tag in FOLDERS else added[tag]
    with Image.open(io.BytesIO(content), formats=["TIFF"]) as file:
        if not isinstance(file, TiffImageFile):
            raise TypeError("Pillow has opened a TIFF file as another")
        own = file.tag_v2
    for tag in own:
        tags[tag] = own[tag]
    strips = [content[at : at + size] for at, size in zip(own[STRIPOFFSETS], own[STRIPBYTECOUNTS], strict=True)]
    tags[STRIPOFFSETS] = tuple(sum(map(len, strips[:number])) for number in range(len(strips)))  # from where they begin
    result = io.BytesIO()
    tags.save(result)
    result.write(b"".join(strips))
    return result.getvalue()


def _folder(exif: Image.Exif, tag: int) -> dict[int, object]:
    folder = dict(exif.get_ifd(tag))
    if IFD.Interop in folder:
        folder[IFD.Interop] = exif.get_ifd(IFD.Interop)
    return folder
