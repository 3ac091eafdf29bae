"""The report page of a run: one HTML file that needs no network."""

from rsi.report.page import write_report

__all__ = ["write_report"]
