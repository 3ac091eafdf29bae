"""Numbers inside a pickle: Python's own, NumPy's and small arrays of these."""

import numpy as np

from rsi.errors import InputError
from rsi.generators.inert_pickle import Call

DTYPES = ("f8", "f4", "i8", "i4")
MAX_BYTES = 64


def stored_numbers(record: object) -> list[float]:
    """The numbers that a record stands for, one or a few.

    Raises:
        InputError: It stands for something else.
    """
    if isinstance(record, int | float) and not isinstance(record, bool):
        return [record]
    if isinstance(record, list) and len(record) <= MAX_BYTES and not any(isinstance(part, list) for part in record):
        return [number for part in record for number in stored_numbers(part)]
    match record:
        case Call(name=name, args=(Call(args=(str(kind), *_)), data)) if name.endswith(".multiarray.scalar"):
            return _decoded(kind, data)
        case Call(name=name, state=(_, _, Call(args=(str(kind), *_)), _, data)) if name.endswith("._reconstruct"):
            return _decoded(kind, data)
        case Call(name=name, args=(data, Call(args=(str(kind), *_)), *_)) if name.endswith("._frombuffer"):
            return _decoded(kind, data)
    raise InputError(f"{shown(record)} is no number")


def shown(record: object) -> str:
    """A record for a message: itself if it is simple, else what it is."""
    is_simple = isinstance(record, str | int | float | None)
    return repr(record)[:50] if is_simple else getattr(record, "name", type(record).__name__)[:50]


def stored_number(record: object) -> float:
    """The number that a record stands for; of an array, that which all its numbers are.

    Raises:
        InputError: It stands for something else.
    """
    numbers = stored_numbers(record)
    if len(set(numbers)) != 1:
        raise InputError(f"{numbers[:4]} are not one number")
    return numbers[0]


def _decoded(kind: str, data: object) -> list[float]:
    if isinstance(data, Call) and data.name == "_codecs.encode" and data.args and isinstance(data.args[0], str):
        data = data.args[0].encode("latin-1", "replace")
    width = int(kind[1:]) if kind in DTYPES else 0
    if not isinstance(data, bytes | bytearray) or not width or len(data) % width or len(data) > MAX_BYTES:
        raise InputError("an array of a kind that no checkpoint needs")
    numbers: list[float] = np.frombuffer(data, f"<{kind}").tolist()
    return numbers
