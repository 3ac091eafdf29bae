"""Blur kernels in files."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
from PIL import Image
from torch import Tensor

from rsi.degradations.blur_kernels import normalised
from rsi.errors import InputError
from rsi.storage.location import locate

LARGEST = 255  # pixels a side
GREY_MODES = ("1", "L", "F", "I", "I;16", "I;16B")


def read_kernel(name: str) -> Tensor:
    """The kernel that a PNG, TIFF or ``.npy`` file holds, with a sum of 1, ``[h, w]`` float32.

    Args:
        name: A path or a URL.

    Raises:
        InputError: The file cannot be read or holds no kernel: grey numbers of at least 0, not all of them 0, at most
            255 a side.
    """
    path = locate(name).expanduser()
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise InputError(f"blur:kernel={name}: give a file whose name ends in {', '.join(READERS)}")
    try:
        with path.open("rb") as file:
            numbers = read(file)
    except Exception as error:  # decoders of damaged files raise nearly anything
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise InputError(f"the blur kernel {name!r} cannot be read: {reason}") from error
    return normalised(_checked(np.asarray(numbers), path))


def _checked(numbers: Any, path: Path) -> Any:  # noqa: ANN401 - of any type until it is known
    def refuse(reason: str) -> InputError:
        return InputError(f"the blur kernel {str(path)!r} {reason}")

    if numbers.dtype.kind not in "buif":
        raise refuse("holds no real numbers: save it as an array of floats")
    if numbers.ndim == 3 and numbers.shape[2] == 3 and (numbers == numbers[..., :1]).all():
        numbers = numbers[..., 0]
    if numbers.ndim != 2 or not numbers.size:
        raise refuse(f"has the shape {'x'.join(map(str, numbers.shape))}: give grey numbers with two dimensions")
    if max(numbers.shape) > LARGEST:
        raise refuse(f"is {numbers.shape[1]}x{numbers.shape[0]}: give at most {LARGEST}x{LARGEST}")
    weights = numbers.astype(np.float64)
    if not np.isfinite(weights).all() or weights.min() < 0 or weights.sum() <= 0:
        raise refuse("has to hold finite numbers of at least 0, some of them above")
    return weights


def _read_npy(file: BinaryIO) -> Any:  # noqa: ANN401
    return np.load(file, allow_pickle=False)


def _read_png(file: BinaryIO) -> Any:  # noqa: ANN401
    with Image.open(file, formats=["PNG"]) as image:
        return np.array(image if image.mode in GREY_MODES else image.convert("RGB"))


def _read_tiff(file: BinaryIO) -> Any:  # noqa: ANN401
    return tifffile.imread(file)


READERS = {".npy": _read_npy, ".png": _read_png, ".tif": _read_tiff, ".tiff": _read_tiff}
