"""Numbers inside a pickle: Python's own, NumPy's and small arrays of these."""

from rsi.errors import InputError
from rsi.generators.files.inert_pickle import shown
from rsi.generators.files.numpy_record import FLOATS, INTEGERS, read_array

MAX_NUMBERS = 64


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
