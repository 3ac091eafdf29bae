"""Reading a photograph as people see it."""

from pathlib import Path

from PIL import Image

from rsi.data.orientation import upright
from rsi.data.pictures import to_picture
from rsi.data.reading import read_picture


def read_photograph(path: Path) -> Image.Image:
    """An RGB picture, turned upright, with its colour profile in ``info``.

    Raises:
        InputError: The file cannot be read.
    """
    picture = read_picture(path)
    photo = to_picture(upright(picture.rgb, picture.orientation))
    if picture.profile:
        photo.info["icc_profile"] = picture.profile
    return photo
