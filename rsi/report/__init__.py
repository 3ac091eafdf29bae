"""The report page of a run: one HTML file that needs no network."""

from rsi.report.page import PAGE, write_report

__all__ = ["PAGE", "write_report"]
