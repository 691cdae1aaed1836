"""degradation.csv, .md and .tex: CD of each corruption, mean CD and mean rCD with intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from robustbench_seg.reporting.literature.citations import DEGRADATION_CITATION
from robustbench_seg.reporting.panels import DEGRADATION_MEANS, DEGRADATION_SCORES, Panel
from robustbench_seg.reporting.ranking.estimate import Estimate
from robustbench_seg.reporting.tables.formats import csv, markdown
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.reporting.tables.latex_tables import (
    interval_source,
    panel_text,
    perturbation_latex,
    published_marks,
)
from robustbench_seg.reporting.tables.table_files import write_table_files
from robustbench_seg.results import RUNS_COLUMN


def write_degradation_tables(panels: Sequence[Panel], folder: Path) -> None:
    """Write the tables of the panels with the reference; no files if there is no such panel.

    Args:
        panels: The panels.
        folder: The folder to write to.
    """
    related = [panel for panel in panels if panel.reference is not None]
    if not related:
        return
    tables = [panel.degradation for panel in related]
    shown = [table.assign(**_estimates(table)) for table in tables]
    hidden = [name for name in DEGRADATION_MEANS if name not in DEGRADATION_SCORES]
    shown = [table.drop(columns=hidden) for table in shown]
    write_table_files(
        folder / "degradation",
        csv(joined(tables, DEGRADATION_MEANS)),
        markdown(joined(shown, DEGRADATION_SCORES).drop(columns=RUNS_COLUMN)),
        [
            _latex(panel, table, f"degradation-{n}")
            for n, (panel, table) in enumerate(zip(related, shown, strict=True))
        ],
    )


def _estimates(table: pd.DataFrame) -> Mapping[str, "pd.Series[Any]"]:
    """CD and rCD, each with its interval."""
    found = dict[str, "pd.Series[Any]"]()
    for name in DEGRADATION_SCORES:
        rows = table[[name, f"{name}_low", f"{name}_high"]].itertuples(index=False)
        found[name] = pd.Series([Estimate(*row) for row in rows], table.index, dtype=object)
    return found


def _latex(panel: Panel, table: pd.DataFrame, label: str) -> str:
    protocol, marks = panel.protocol, published_marks(table)
    columns = {f"CD_{name}": name for name in protocol.averaged_names}
    table = table.assign(model=table["model"] + marks)[["model", *columns, *DEGRADATION_SCORES]]
    caption = (
        f"{panel_text(panel)}: corruption degradation of each corruption, mean CD and mean rCD "
        f"against {panel.reference}, in percent; below 100 is better ({DEGRADATION_CITATION}). "
        f"Below the means: {interval_source(panel)}"
    )
    if marks.any():
        caption += f". * published: {panel.published.caption}"
    return perturbation_latex(table.rename(columns=columns), protocol, caption, label)
