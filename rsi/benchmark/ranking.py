"""The best and second best of several methods, and how numbers are printed."""

from collections.abc import Sequence
from typing import Literal

from rsi.benchmark.entries import MEASURES, Entry

Rank = Literal["best", "second", ""]


def format_distance(value: float | None) -> str:
    """A perceptual distance with three digits, as ``.414``; a dash where there is none."""
    return "-" if value is None else f"{value:.3f}".removeprefix("0")


def format_pfid(value: float | None) -> str:
    """A Frechet distance with three significant digits, as ``17.0`` or ``.0123``; a dash where there is none."""
    if value is None:
        return "-"
    rounded = float(f"{value:.3g}")
    exponent = int(f"{rounded:e}".partition("e")[2])
    return f"{rounded:.{max(2 - exponent, 0)}f}".removeprefix("0")


def format_measure(measure: str, value: float | None) -> str:
    """A number of the measure as tables give it."""
    return format_pfid(value) if measure == "pfid" else format_distance(value)


def ranks(entries: Sequence[Entry]) -> dict[tuple[str, str, str], Rank]:
    """Best and second best by method, task id and measure.

    They are found among the methods that were run, where there are several; numbers that are printed alike rank alike.
    """
    found: dict[tuple[str, str, str], Rank] = {}
    for task in dict.fromkeys(entry.task for entry in entries):
        rivals = [entry for entry in entries if entry.task == task and not entry.published]
        for measure in MEASURES:
            printed = {entry.method: format_measure(measure, getattr(entry, measure)) for entry in rivals}
            order = sorted({text for text in printed.values() if text != "-"}, key=float)
            if len(rivals) > 1:
                names: dict[str, Rank] = dict(zip(order, ("best", "second"), strict=False))
                found |= {(method, task.id, measure): names.get(text, "") for method, text in printed.items()}
    return found
