"""The tables of a report as files.

miou.csv .md .tex        model x (clean, corruptions, mean, retention); LaTeX as the paper prints it
                         .md and .tex can carry 95 % intervals; .csv never does
published.csv .md .tex   the same of published models, if a panel shows them
degradation.csv .md .tex CD of each corruption, mean CD and mean rCD with intervals, if the report
                         has a reference
confidence.csv .md .tex  ECE and AUROC, clean and for each corruption, if a model has confidence
drops.csv                clear against adverse conditions at the same places, if references of a
                         dataset were scored
per_severity.csv         a row for each model and condition, with intervals
per_class.csv            a row for each model, condition and class
scores.parquet           all of these, a row for each number
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.files import atomic_file, write_text
from robustbench_seg.reporting.panels import Panel, drop_rows, panel_subset_scores
from robustbench_seg.reporting.tables.confidence_tables import write_confidence_tables
from robustbench_seg.reporting.tables.degradation_tables import write_degradation_tables
from robustbench_seg.reporting.tables.formats import csv
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.reporting.tables.miou_tables import write_miou_tables, write_published_tables
from robustbench_seg.results import (
    SubsetScore,
    published_score_table,
    score_table,
    subset_table,
)


def write_tables(
    panels: Sequence[Panel],
    folder: Path,
    *,
    intervals: bool = False,
    subsets: Sequence[SubsetScore] | None = None,
) -> None:
    """Write all tables of a report.

    Args:
        panels: The panels.
        folder: The folder to write to.
        intervals: Whether .md and .tex of miou and confidence have intervals.
        subsets: The scores of subsets, see panel_subset_scores. None: compute them.

    Raises:
        FileError: A file cannot be written.
    """
    subsets = panel_subset_scores(panels) if subsets is None else subsets
    with_published = {p.protocol.name: p for p in panels if p.published.sources}
    # One panel of each protocol, because all show the same.
    published = list(with_published.values())
    write_miou_tables(panels, folder, intervals=intervals)
    write_published_tables(published, folder)
    write_degradation_tables(panels, folder)
    write_confidence_tables(panels, folder, intervals=intervals)
    drops = pd.concat(drop_rows(panels, subsets), ignore_index=True)
    if len(drops):
        write_text(folder / "drops.csv", csv(drops))
    write_text(folder / "per_severity.csv", csv(joined([panel.severities for panel in panels])))
    write_text(folder / "per_class.csv", csv(joined([panel.per_class for panel in panels])))
    with atomic_file(folder / "scores.parquet") as file:
        _every_score(panels, subsets, published).to_parquet(file, index=False)


def _every_score(
    panels: Sequence[Panel], subsets: Sequence[SubsetScore], published: Sequence[Panel]
) -> pd.DataFrame:
    """Return the rows of scores.parquet: measured models, their subsets, published results."""
    models = [(model, panel.protocol) for panel in panels for model in panel.measured]
    return pd.concat(
        [
            *(score_table(model.scored, protocol, model.name) for model, protocol in models),
            subset_table(
                [(model.scored, protocol) for model, protocol in models],
                subsets,
                [model.name for model, _ in models],
            ),
            *(published_score_table(panel.published.shown, panel.protocol) for panel in published),
        ],
        ignore_index=True,
    )
