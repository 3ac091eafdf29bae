"""Reading sizes from metadata, and refusing those that no generator has."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from rsi.errors import InputError

Number = TypeVar("Number", int, float)

LARGEST = 2**20  # nothing real comes near it; it keeps absurd files from building absurd networks


def check_range(name: str, value: int, low: int, high: int) -> None:
    """Make sure that a size is possible.

    Raises:
        InputError: It is not.
    """
    if not low <= value <= high:
        raise InputError(f"{name} {value} is not between {low} and {high}")


def check_fixed(metadata: Mapping[str, str], key: str, expected: str) -> None:
    """Make sure of what only has one value.

    Raises:
        InputError: The metadata have another.
    """
    if metadata.get(key) != expected:
        raise InputError(f"metadata {key} is {metadata.get(key)!r}; only {expected!r} is supported")


def number(metadata: Mapping[str, str], key: str, kind: Callable[[str], Number]) -> Number:
    """A number from metadata.

    Raises:
        InputError: It is missing or no number.
    """
    try:
        return kind(metadata[key])
    except KeyError:
        raise InputError(f"metadata {key} is missing") from None
    except ValueError:
        raise InputError(f"metadata {key} is {metadata[key][:100]!r}, not a number") from None
