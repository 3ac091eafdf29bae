"""The numbers by which methods are compared, and how tables print them."""

from collections.abc import Callable
from dataclasses import dataclass


def _three_decimals(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def _three_digits(value: float) -> str:
    rounded = float(f"{value:.3g}")
    exponent = int(f"{rounded:e}".partition("e")[2])
    return f"{rounded:.{max(2 - exponent, 0)}f}".removeprefix("0")


def _two_decimals(value: float) -> str:
    return f"{value:.2f}"


@dataclass(frozen=True)
class Measure:
    """A number of an image, or of all images of a task together.

    Attributes:
        label: What plots call it.
        printed: A value as tables have it.
        more_is_better: Whether the largest value is the best; ``None`` if methods are not ranked by it.
        of_images: Every image has a value of its own.
    """

    label: str
    printed: Callable[[float], str]
    more_is_better: bool | None
    of_images: bool = True


MEASURES = {
    "accuracy": Measure("accuracy (perceptual)", _three_decimals, more_is_better=False),
    "fidelity": Measure("fidelity (perceptual)", _three_decimals, more_is_better=None),  # some methods minimise it
    "pfid": Measure("pFID", _three_digits, more_is_better=False, of_images=False),
    "psnr": Measure("PSNR in dB", _two_decimals, more_is_better=True),
    "ssim": Measure("SSIM", _three_decimals, more_is_better=True),
}
"""By name, in the order in which tables have them."""

OF_IMAGES = tuple(name for name, measure in MEASURES.items() if measure.of_images)


def measure_text(name: str, value: float | None) -> str:
    """A value as tables have it, such as ``.414`` or ``17.0``; a dash where there is none."""
    return "-" if value is None else MEASURES[name].printed(value)
