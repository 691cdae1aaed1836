"""Results -> tables, figures, words, and one offline HTML page."""

from collections.abc import Iterable
from pathlib import Path

from robustbench_seg.protocol import Protocol
from robustbench_seg.reporting.ablation_table import ablation_table, published_score
from robustbench_seg.reporting.finding import finding, terminal_table
from robustbench_seg.reporting.gather import read_panels
from robustbench_seg.reporting.page import write_page
from robustbench_seg.reporting.panels import Panel

__all__ = [
    "Panel",
    "ablation_table",
    "finding",
    "published_score",
    "read_panels",
    "terminal_table",
    "write_page",
    "write_report",
]


def write_report(
    runs: Iterable[Path | str],
    out: Path,
    *,
    reference: str | None = None,
    pictures: bool = True,
    protocol: Protocol | None = None,
) -> Path:
    """Write index.html, tables/ and figures/ of run folders into `out`; returns index.html's path.

    As read_panels and write_page, which see, one after the other.
    """
    panels = read_panels(runs, reference=reference, protocol=protocol)
    return write_page(panels, out, pictures=pictures)
