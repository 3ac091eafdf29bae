"""Numbers and words that a method can work with."""

import math
from collections.abc import Collection

from rsi.errors import InputError


def check_counts(method: str, **counts: int) -> None:
    """Check that numbers of steps and samples are 1 or more.

    Raises:
        InputError: One is not.
    """
    for name, count in counts.items():
        if count < 1:
            raise InputError(f"{method}: {name} is {count}, use 1 or more")


def check_numbers(method: str, *, zero: bool = False, **numbers: float) -> None:
    """Check that numbers are finite and above 0, or at least 0 if ``zero``.

    Raises:
        InputError: One is not.
    """
    for name, number in numbers.items():
        if not (number > 0 or (zero and number == 0)) or math.isinf(number):
            raise InputError(f"{method}: {name} is {number}, use a number {'of 0 or more' if zero else 'above 0'}")


def check_word(method: str, name: str, word: str, words: Collection[str]) -> None:
    """Check that the argument ``name`` is one of some words.

    Raises:
        InputError: It is not.
    """
    if word not in words:
        *others, last = words
        raise InputError(f'{method}: {name} is "{word}", use {", ".join(others)} or {last}')
