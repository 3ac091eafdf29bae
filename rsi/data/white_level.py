"""Which number is white, in files that say it and in those that do not."""

from typing import Any

import numpy as np

from rsi.errors import InputError

Samples = np.ndarray[Any, np.dtype[Any]]

_WORDS = (16, 24, 32, 64)  # numbers of bits that hold samples of fewer bits as well
_USUAL = (255.0, 65535.0)
_BELOW, _ABOVE = 0.1, 1.25  # how far, in parts of white, resampled floats may reach beyond black and white


def find_white(samples: Samples, bits: int) -> tuple[float, str | None]:
    """Which sample is white, and a note where the file itself does not say it.

    Integers of 1 to 14 bits are white at the highest. Words of 16 bits and more often hold fewer: white is 255, 65535
    or the highest, whichever they fill by more than a quarter. Floats may overshoot by some ringing: white is 1, or 255
    or 65535 if they fill more than half of that, so that percentages are not taken for a dark picture.

    Args:
        samples: Of any integer, float or boolean type.
        bits: How many bits a sample has in the file.

    Raises:
        InputError: What is white cannot be known, as samples are negative, not finite or fill none of these ranges.
    """
    low, high = float(samples.min()), float(samples.max())
    kind = samples.dtype.kind
    if kind in "ub" and bits not in _WORDS:
        return float(2**bits - 1), None
    white = _white_of_floats(low, high) if kind == "f" else _white_of_integers(low, high, bits - (kind == "i"))
    if white is None:
        raise InputError(_unknown(samples, bits, low, high))
    if kind == "u" and bits == 16 and white == 65535:
        return white, None
    extent = f"from {_short(low)} to {_short(high)}"
    return white, f"its {_name(samples, bits)} samples reach {extent}: {_short(white)} is read as white"


def to_unit(samples: Samples, white: float) -> Samples:
    """Samples as float32 in [0, 1]; what lies outside of 0 to white is clipped."""
    precise = np.float64 if samples.dtype.itemsize > 4 else np.float32
    return np.clip(np.divide(samples, white, dtype=precise), 0, 1).astype(np.float32)


def _white_of_floats(low: float, high: float) -> float | None:
    whites = [1.0, *(white for white in _USUAL if high > white / 2)]
    return next((white for white in whites if low >= -_BELOW * white and high <= _ABOVE * white), None)


def _white_of_integers(low: float, high: float, bits: int) -> float | None:
    if low < 0:
        return None
    highest = float(2**bits - 1)
    if high == 0:
        return highest
    return next((white for white in (*_USUAL, highest) if white / 4 < high <= white <= highest), None)


def _unknown(samples: Samples, bits: int, low: float, high: float) -> str:
    name = _name(samples, bits)
    if not (np.isfinite(low) and np.isfinite(high)):
        return f"its {name} samples reach from {low} to {high}: replace what is not a finite number"
    fewer = next((n for n in (8, 10, 12, 14) if low >= 0 and samples.dtype.kind != "f" and high < 2**n), bits)
    guess = f" (perhaps {fewer} bits)" if fewer < bits else ""
    return (
        f"its {name} samples reach from {_short(low)} to {_short(high)}{guess}, so that what is white cannot be known: "
        "scale them to 0 to 255 and save 8 bits, or to 0 to 65535 and 16 bits"
    )


def _short(number: float) -> str:
    return str(int(number)) if number.is_integer() else f"{number:.5g}"


def _name(samples: Samples, bits: int) -> str:
    return {"f": f"{bits}-bit float", "i": f"signed {bits}-bit"}.get(samples.dtype.kind, f"unsigned {bits}-bit")
