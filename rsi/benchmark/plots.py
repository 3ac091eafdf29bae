"""Curves of the measures against the levels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rsi.benchmark.entries import MEASURES, Entry
from rsi.degradations import LEVELS
from rsi.storage.atomic import atomic_path

LABELS = {"accuracy": "accuracy (perceptual)", "fidelity": "fidelity (perceptual)", "pfid": "pFID"}


def plot_levels(path: Path, entries: Sequence[Entry]) -> bool:
    """Draw every measure against the level, a panel per task and a line per method; lower is better.

    Args:
        path: The PNG file.
        entries: The numbers; published ones are drawn with dashes.

    Returns:
        Whether there was anything to draw: a task with several levels.
    """
    names = [name for name in dict.fromkeys(e.task.name for e in entries) if len(_levels(entries, name)) > 1]
    if not names:
        return False
    colors = {method: f"C{index}" for index, method in enumerate(dict.fromkeys(e.method for e in entries))}
    figure = Figure(figsize=(3.4 * len(names), 2.6 * len(MEASURES)), layout="constrained")
    panels = figure.subplots(len(MEASURES), len(names), squeeze=False)
    for row, measure in zip(panels, MEASURES, strict=True):
        for panel, name in zip(row, names, strict=True):
            _draw(panel, measure, [entry for entry in entries if entry.task.name == name], colors)
        row[0].set_ylabel(LABELS[measure])
    for panel, name in zip(panels[0], names, strict=True):
        panel.set_title(name)
    lines = {line.get_label(): line for panel in panels.flat for line in panel.lines}
    figure.legend(handles=list(lines.values()), loc="outside lower center", ncols=6, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110)
    return True


def _draw(panel: Axes, measure: str, entries: Sequence[Entry], colors: Mapping[str, str]) -> None:
    levels = [level for level in LEVELS if level in _levels(entries, entries[0].task.name)]
    for method in dict.fromkeys(entry.method for entry in entries):
        found = {e.task.level: getattr(e, measure) for e in entries if e.method == method}
        heights = [float("nan") if found.get(level) is None else found[level] for level in levels]
        dashed = any(entry.published for entry in entries if entry.method == method)
        line = "o--" if dashed else "o-"
        panel.plot(range(len(levels)), heights, line, color=colors[method], label=method, markersize=4)
    panel.set_xticks(range(len(levels)), levels)
    panel.grid(alpha=0.3)


def _levels(entries: Sequence[Entry], name: str) -> set[str]:
    return {entry.task.level for entry in entries if entry.task.name == name}
