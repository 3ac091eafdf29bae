"""Arrays of NumPy inside a pickle, read without running it."""

import math

import numpy as np
from numpy.typing import NDArray

from rsi.errors import InputError
from rsi.generators.inert_pickle import Call

CORES = ("numpy.core.multiarray", "numpy._core.multiarray")
NUMPY_NAMES = {
    "numpy.dtype",
    "numpy.ndarray",
    "_codecs.encode",
    *(f"{core}.{name}" for core in CORES for name in ("scalar", "_reconstruct")),
}
Array = NDArray[np.floating]
KINDS = ("f2", "f4", "f8")
ORDERS = ("<", ">", "=", "|")


def read_array(record: object) -> Array:
    """The array or scalar that a record stands for, in this machine's byte order and memory of its own.

    Raises:
        InputError: It is no array of floating-point numbers, or damaged.
    """
    try:
        shape, kind, fortran, content = _parts(record)
        if len(content) != math.prod(shape) * kind.itemsize:
            raise InputError("its numbers are damaged or cut off")
        array: Array = np.ndarray(shape, kind, content, order="F" if fortran else "C")
        return array.astype(kind.newbyteorder("="), order="C")
    except InputError:
        raise
    except (TypeError, ValueError, IndexError, AttributeError):
        raise InputError("it is not stored as an array of numbers") from None


def _parts(record: object) -> tuple[tuple[int, ...], np.dtype[np.floating], bool, bytes]:
    match record:
        case Call(name=name, args=(kind, bytes(content))) if name.endswith(".scalar"):
            return (), _kind(kind), False, content
        case Call(name=name, state=(_, tuple(shape), kind, fortran, bytes(content))) if name.endswith("._reconstruct"):
            if all(type(side) is int and 0 < side < 2**31 for side in shape):
                return shape, _kind(kind), bool(fortran), content
    raise InputError("it is not stored as an array of numbers")


def _kind(record: object) -> np.dtype[np.floating]:
    match record:
        case Call(name="numpy.dtype", args=(str(kind), *_), state=(_, str(order), *_)):
            if kind in KINDS and order in ORDERS:
                return np.dtype(order.replace("|", "=") + kind)
    raise InputError("it does not hold floating-point numbers")
