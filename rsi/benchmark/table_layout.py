"""The tables of the paper as rows, columns and ranks, before they are written in any format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from rsi.benchmark.entries import Entry
from rsi.benchmark.measures import MEASURES, measure_text
from rsi.benchmark.tasks import GROUPS, Group
from rsi.degradations import LEVELS

TITLES: dict[Group, str] = {
    "single": "Single degradations, five levels",
    "composed": "Compositions, level M",
    "ddrm": "Linear degradations and their neighbours (as compared with DDRM)",
    "further": "Degradations that the paper does not have",
}
Rank = Literal["best", "second", ""]
Cell = tuple[tuple[str, Rank], ...]


def ranks(entries: Sequence[Entry]) -> dict[tuple[str, str, str], Rank]:
    """Best and second best by method, task id and measure.

    They are found among the methods that were run, where there are several; numbers that are printed alike rank alike.
    """
    ranked = {name: measure.more_is_better for name, measure in MEASURES.items() if measure.more_is_better is not None}
    found: dict[tuple[str, str, str], Rank] = {}
    for task in dict.fromkeys(entry.task for entry in entries):
        rivals = [entry for entry in entries if entry.task == task and not entry.published]
        for measure, more in ranked.items():
            printed = {entry.method: measure_text(measure, getattr(entry, measure)) for entry in rivals}
            order = sorted({text for text in printed.values() if text != "-"}, key=float, reverse=more)
            if len(rivals) > 1:
                names: dict[str, Rank] = dict(zip(order, ("best", "second"), strict=False))
                found |= {(method, task.id, measure): names.get(text, "") for method, text in printed.items()}
    return found


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: What it shows.
        levels: Its columns.
        rows: Task, method, and for each column the five measures as text with their rank.
    """

    title: str
    levels: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell, ...]], ...]


def lay_out(entries: Sequence[Entry]) -> list[Table]:
    """One table per group of tasks; a row per task and method, a column per level."""
    found = ranks(entries)
    by_group = ((group, [entry for entry in entries if entry.task.group == group]) for group in GROUPS)
    return [
        _table(TITLES[group], chosen, lambda e, m: found.get((e.method, e.task.id, m), ""))
        for group, chosen in by_group
        if chosen
    ]


def _table(title: str, entries: Sequence[Entry], rank: Callable[[Entry, str], Rank]) -> Table:
    levels = tuple(level for level in LEVELS if any(entry.task.level == level for entry in entries))
    rows = []
    for name in dict.fromkeys(entry.task.name for entry in entries):
        of_task = [entry for entry in entries if entry.task.name == name]
        for method in dict.fromkeys(entry.method for entry in of_task):
            by_level = {entry.task.level: entry for entry in of_task if entry.method == method}
            rows.append((name, method, tuple(_cell(by_level.get(level), rank) for level in levels)))
    return Table(title, levels, tuple(rows))


def _cell(entry: Entry | None, rank: Callable[[Entry, str], Rank]) -> Cell:
    if entry is None:
        return tuple(("-", "") for _ in MEASURES)
    return tuple((measure_text(name, getattr(entry, name)), rank(entry, name)) for name in MEASURES)
