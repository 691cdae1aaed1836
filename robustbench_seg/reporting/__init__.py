"""Results -> tables, figures, words, and one offline HTML page."""

from robustbench_seg.reporting.comparison import Comparison, compare, compare_runs
from robustbench_seg.reporting.entry import Report, report, write_report
from robustbench_seg.reporting.finding import finding, terminal_table
from robustbench_seg.reporting.gather import read_panels
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.recorded import recorded_runs

__all__ = [
    "Comparison",
    "Report",
    "compare",
    "compare_runs",
    "finding",
    "read_panels",
    "recorded_runs",
    "report",
    "terminal_table",
    "write_page",
    "write_report",
]
