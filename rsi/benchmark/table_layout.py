"""The tables of the paper as rows and columns, before they are written in any format."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rsi.benchmark.entries import MEASURES, Entry
from rsi.benchmark.ranking import Rank, format_measure, ranks
from rsi.benchmark.tasks import GROUPS, Group
from rsi.degradations import LEVELS

TITLES: dict[Group, str] = {
    "single": "Single degradations, five levels",
    "composed": "Compositions, level M",
    "ddrm": "Linear degradations and their neighbours (as compared with DDRM)",
}
Cell = tuple[tuple[str, Rank], ...]


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        title: What it shows.
        levels: Its columns.
        rows: Task, method, and for each column the three measures as text with their rank.
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
    return tuple((format_measure(name, getattr(entry, name)), rank(entry, name)) for name in MEASURES)
