"""Images of the kinds that Python programs have, as pictures and back."""

import io
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from rsi.data.decoded import Picture
from rsi.data.image_checks import check_images
from rsi.data.pictures import to_picture
from rsi.data.reading import decode, read_picture
from rsi.errors import InputError
from rsi.storage.location import locate

Array: TypeAlias = npt.NDArray[Any]
Source = str | Path | Image.Image | Array | Tensor
Kind = TypeVar("Kind", Image.Image, Array, Tensor)

WANTED = (
    "give a path, a URL, a PIL image, an array [h, w, 3] of uint8 or of floats in [0, 1], a tensor [3, h, w] of floats "
    "in [0, 1], or a list of them"
)


def picture_of(image: Source) -> Picture:
    """An image of any kind as a decoded picture.

    Args:
        image: A path or URL; a PIL image, whose JPEG header and EXIF orientation are read if it was opened from a
            file; an array ``[h, w]``, ``[h, w, 3]`` or ``[h, w, 4]`` of uint8 or of floats in [0, 1]; a tensor
            ``[3, h, w]`` of floats in [0, 1].

    Raises:
        InputError: It is of none of these kinds, or cannot be read.
    """
    if isinstance(image, str | Path):
        path = locate(image)
        if path.is_dir():
            raise InputError(f"{str(image)!r} is a folder: say with output_dir where its results go")
        return read_picture(path)
    if isinstance(image, Image.Image):
        return decode(image)
    if isinstance(image, np.ndarray):
        return _of_array(image)
    if isinstance(image, Tensor):
        if image.ndim != 3:
            raise InputError(f"the tensor is {list(image.shape)}: {WANTED}")
        check_images(image.unsqueeze(0))
        return Picture(image.detach().float().cpu().clone())
    raise InputError(f"a {type(image).__name__} is no image: {WANTED}")


def as_given(image: Tensor, given: Source) -> Any:  # noqa: ANN401 - the kind that was given
    """A restored image ``[3, H, W]`` in [0, 1] as the kind of image that came in; PIL's for paths and URLs."""
    if isinstance(given, Tensor):
        return image
    if isinstance(given, np.ndarray) and given.dtype != np.uint8:
        return image.movedim(0, -1).contiguous().numpy().astype(given.dtype)
    picture = to_picture(image)
    return np.asarray(picture) if isinstance(given, np.ndarray) else picture


def png_of(image: Image.Image) -> bytes:
    """A picture as a PNG file."""
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _of_array(array: Array) -> Picture:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)) or not array.size:
        raise InputError(f"the array is {list(array.shape)}: {WANTED}")
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if array.dtype == np.uint8:
        return decode(Image.fromarray(array.squeeze(-1) if array.ndim == 3 and array.shape[2] == 1 else array))
    if not np.issubdtype(array.dtype, np.floating):
        raise InputError(f"the array is of {array.dtype}: {WANTED}")
    planes = torch.from_numpy(np.array(array, np.float32)).reshape(*array.shape[:2], -1).movedim(-1, 0)
    rgb = planes[:3] if len(planes) > 1 else planes.expand(3, -1, -1)
    check_images(rgb.unsqueeze(0))
    return Picture(rgb.clone(), planes[3:].clone() if len(planes) == 4 else None)
