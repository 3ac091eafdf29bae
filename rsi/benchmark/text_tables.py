"""Tables as text."""

import csv
import io
from collections.abc import Iterable, Sequence


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as Markdown, without a newline at the end."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows of cells as comma-separated values."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([heads, *rows])
    return text.getvalue()
