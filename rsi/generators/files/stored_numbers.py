"""Numbers inside a pickle, read without running it: Python's own and NumPy's arrays and scalars."""

import math
from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import Call, shown

CORES = ("core", "_core")
NUMPY_NAMES = {
    "numpy.dtype",
    "numpy.ndarray",
    "_codecs.encode",
    *(f"numpy.{core}.multiarray.{name}" for core in CORES for name in ("scalar", "_reconstruct")),
    *(f"numpy.{core}.numeric._frombuffer" for core in CORES),
}
Array = NDArray[np.floating | np.integer]
FLOATS = ("f2", "f4", "f8")
INTEGERS = ("i4", "i8")
ORDERS = ("<", ">", "=", "|")
MAX_NUMBERS = 64


def read_array(record: object, kinds: Collection[str] = FLOATS) -> Array:
    """The array or scalar that a record stands for, in this machine's byte order and memory of its own.

    Args:
        record: The record.
        kinds: The types of numbers that are allowed.

    Raises:
        InputError: It is no array of such numbers, or damaged.
    """
    try:
        shape, type_record, fortran, stored = _parts(record)
        kind, content = _kind(type_record, kinds), _bytes(stored)
        if len(content) != math.prod(shape) * kind.itemsize:
            raise InputError("its numbers are damaged or cut off")
        array: Array = np.ndarray(shape, kind, content, order="F" if fortran else "C")
        return array.astype(kind.newbyteorder("="), order="C")
    except InputError:
        raise
    except (TypeError, ValueError, IndexError, AttributeError):
        raise InputError("it is not stored as an array of numbers") from None


def stored_numbers(record: object) -> list[float]:
    """The numbers that a record stands for, one or a few.

    Raises:
        InputError: It stands for something else.
    """
    if isinstance(record, int | float) and not isinstance(record, bool):
        return [record]
    if isinstance(record, list) and len(record) <= MAX_NUMBERS and not any(isinstance(part, list) for part in record):
        return [number for part in record for number in stored_numbers(part)]
    try:
        array = read_array(record, FLOATS + INTEGERS)
    except InputError:
        raise InputError(f"{shown(record)} is no number") from None
    if array.size > MAX_NUMBERS:
        raise InputError(f"{array.size} numbers are more than a few")
    numbers: list[float] = array.flatten().tolist()
    return numbers


def stored_number(record: object) -> float:
    """The number that a record stands for; of an array, that which all its numbers are.

    Raises:
        InputError: It stands for something else.
    """
    numbers = stored_numbers(record)
    if len(set(numbers)) != 1:
        raise InputError(f"{numbers[:4]} are not one number")
    return numbers[0]


def _parts(record: object) -> tuple[tuple[int, ...], object, bool, object]:
    """Shape, type, whether columns are stored one after another, and numbers."""
    match record:
        case Call(name=name, args=(kind, content)) if name.endswith(".scalar"):
            return (), kind, False, content
        case Call(name=name, state=(_, tuple(shape), kind, fortran, content)) if name.endswith("._reconstruct"):
            return _checked(shape), kind, bool(fortran), content
        case Call(name=name, args=(content, kind, tuple(shape), order)) if name.endswith("._frombuffer"):
            return _checked(shape), kind, order == "F", content
    raise InputError("it is not stored as an array of numbers")


def _checked(shape: tuple[Any, ...]) -> tuple[int, ...]:
    if all(type(side) is int and 0 < side < 2**31 for side in shape):
        return shape
    raise InputError("it is not stored as an array of numbers")


def _bytes(content: object) -> bytes:
    match content:
        case bytes() | bytearray():
            return bytes(content)
        case Call(name="_codecs.encode", args=(str(text), *_)):  # bytes in a pickle of protocol 2
            return text.encode("latin-1")
    raise InputError("it is not stored as an array of numbers")


def _kind(record: object, kinds: Collection[str]) -> np.dtype[Any]:
    match record:
        case Call(name="numpy.dtype", args=(str(kind), *_), state=(_, str(order), *_)):
            if kind in kinds and order in ORDERS:
                return np.dtype(order.replace("|", "=") + kind)
    raise InputError(f"it does not hold {'floating-point ' if kinds == FLOATS else ''}numbers")
