"""Tells which networks a restoration uses."""

from typing import Any

from pytorch_lightning.callbacks import ModelSummary
from rich import get_console
from rich.table import Table

COLUMNS = ("Name", "Type", "Params")


class NetworkSummary(ModelSummary):
    """Prints a table of the networks, all of which are frozen, in place of Lightning's summary of what is trained.

    Lightning's counts the operations of one call of the module, of which a restoration has none: it says 0.

    Args:
        max_depth: How deep the modules are told that are inside others.
    """

    @staticmethod
    def summarize(
        summary_data: list[tuple[str, list[str]]],
        total_parameters: int,
        *counts: Any,  # noqa: ARG004 - Lightning's
        **settings: Any,  # noqa: ARG004 - Lightning's
    ) -> None:
        """Print it; called by Lightning."""
        columns = dict(summary_data)
        table = Table(title="Networks, frozen", title_justify="left")
        for name in COLUMNS:
            table.add_column(name, justify="right" if name == "Params" else "left")
        for row in zip(*(columns[name] for name in COLUMNS), strict=True):
            table.add_row(*row)
        table.add_section()
        table.add_row("all", "", f"{total_parameters:,}")
        get_console().print(table)
