"""Results -> tables, figures, words, and one offline HTML page."""

from robustbench_seg.reporting.finding import finding, terminal_table
from robustbench_seg.reporting.gather import read_panels
from robustbench_seg.reporting.page.page import write_page

__all__ = [
    "finding",
    "read_panels",
    "terminal_table",
    "write_page",
]
