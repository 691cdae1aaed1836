"""Runs -> tables, figures, words, and one offline HTML page."""

from robustbench_seg.reporting.comparison import Comparison, compare
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import finding, read_panels, terminal_table
from robustbench_seg.reporting.reports import Report, report

__all__ = [
    "Comparison",
    "Report",
    "compare",
    "finding",
    "read_panels",
    "report",
    "terminal_table",
    "write_page",
]
