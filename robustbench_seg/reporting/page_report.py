"""`report`: writes tables, figures and one offline page of runs to a folder; the report as text."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from robustbench_seg.files import checked_path
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.page.page import write_page
from robustbench_seg.reporting.panels import Panel, finding, read_panels
from robustbench_seg.reporting.tables.terminal_table import terminal_table
from robustbench_seg.store import Paths


@dataclass(frozen=True, eq=False)
class Report:
    """A report on disk.

    Attributes:
        panels: What it shows.
        page: The path of index.html.
    """

    panels: Sequence[Panel]
    page: Path

    @classmethod
    def write(
        cls,
        runs: Paths,
        out: Path | str,
        *,
        reference: str | None = None,
        protocol: str | Path | Protocol | None = None,
        pictures: bool = True,
        intervals: bool = False,
    ) -> "Report":
        """Write a report of runs; `report` describes the arguments and errors."""
        folder = checked_path(out)
        panels = read_panels(runs, reference=reference, protocol=protocol)
        return cls(panels, write_page(panels, folder, pictures=pictures, intervals=intervals))

    @property
    def text(self) -> str:
        """The rankings, the finding and the path of the page."""
        return f"{terminal_table(self.panels)}\n\n{finding(self.panels)}\n\nreport: {self.page}"


def report(
    runs: Paths,
    out: Path | str,
    *,
    reference: str | None = None,
    protocol: str | Path | Protocol | None = None,
    pictures: bool = True,
    intervals: bool = False,
) -> Path:
    """Write a report of runs: one HTML page that opens offline, tables and figures.

    Args:
        runs: Run folders or packs, or folders of them.
        out: Folder to write to.
        reference: The reference of CD and rCD: one of the runs, or a published result.
        protocol: Protocol that scores all runs: a name, TOML file or Protocol. None: the protocol
            of each run.
        pictures: Whether to show images of the dataset, whose licence may forbid sharing them.
        intervals: Whether tables/miou.md and .tex show the 95 % interval of each score.

    Returns:
        The path of index.html.

    Raises:
        ResultsError: A folder contains no run or a damaged one; runs do not fit together; there is
            no such reference; or the folder has pictures that are not from a report.

    The figures take seconds to draw, so the tests do not run this example:

    >>> rs.report("runs", out="report")  # doctest: +SKIP
    PosixPath('report/index.html')
    """
    return Report.write(
        runs,
        out,
        reference=reference,
        protocol=protocol,
        pictures=pictures,
        intervals=intervals,
    ).page
