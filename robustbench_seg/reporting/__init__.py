"""What the program shows: tables, figures, words, and offline HTML pages.

The functions that produce them have a file each: `report` (page_report.py), `leaderboard`
(leaderboard_report.py), `compare` (comparison_report.py), `transfer` (transfer_report.py), `cost`
(cost_report.py) and `erf` (receptive_field_report.py). The last two measure networks with
analysis/, which produces no tables or figures.

They use these rooms, each of which imports only from those before it:

    literature/         what papers say: published results, costs and claims
    panels/             models that compare with each other, their scores, and the finding in words
    tables/  figures/   both as files and as text
    html/               what all pages share
    page/  boards/      the page of a report; the pages of a leaderboard
    transfer/           whether scores on corrupted images predict scores on real ones
"""

from robustbench_seg.reporting.comparison_report import Comparison, compare
from robustbench_seg.reporting.leaderboard_report import Leaderboard, leaderboard
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.page_report import Report, report
from robustbench_seg.reporting.panels import finding, read_panels
from robustbench_seg.reporting.tables.terminal_table import terminal_table

__all__ = [
    "Comparison",
    "Leaderboard",
    "Report",
    "compare",
    "finding",
    "leaderboard",
    "read_panels",
    "report",
    "terminal_table",
    "write_page",
]
