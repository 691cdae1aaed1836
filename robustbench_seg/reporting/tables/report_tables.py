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
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.tables.confidence_tables import write_confidence_tables
from robustbench_seg.reporting.tables.degradation_tables import write_degradation_tables
from robustbench_seg.reporting.tables.formats import csv
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.reporting.tables.miou_tables import write_miou_tables, write_published_tables
from robustbench_seg.results import (
    published_score_table,
    scores_of_model,
    subset_table,
)


def write_tables(
    panels: Sequence[Panel],
    folder: Path,
    *,
    intervals: bool = False,
) -> None:
    """Write all tables of a report.

    Args:
        panels: The panels.
        folder: The folder to write to.
        intervals: Whether .md and .tex of miou and confidence have intervals.

    Raises:
        FileError: A file cannot be written.
    """
    with_published = {p.protocol.name: p for p in panels if p.published.tables}
    # One panel of each protocol, because all show the same.
    published = list(with_published.values())
    write_miou_tables(panels, folder, intervals=intervals)
    write_published_tables(published, folder)
    write_degradation_tables(panels, folder)
    write_confidence_tables(panels, folder, intervals=intervals)
    drops = pd.concat([panel.drops for panel in panels], ignore_index=True)
    if len(drops):
        write_text(folder / "drops.csv", csv(drops))
    write_text(folder / "per_severity.csv", csv(joined([panel.per_severity for panel in panels])))
    write_text(folder / "per_class.csv", csv(joined([panel.per_class for panel in panels])))
    with atomic_file(folder / "scores.parquet") as file:
        _every_score(panels, published).to_parquet(file, index=False)


def _every_score(panels: Sequence[Panel], published: Sequence[Panel]) -> pd.DataFrame:
    """Return the rows of scores.parquet: measured models, their subsets, published results."""
    models = [(model, panel.protocol) for panel in panels for model in panel.models]
    return pd.concat(
        [
            *(scores_of_model(model.scored, protocol, model.name) for model, protocol in models),
            subset_table(
                [(model.scored, protocol) for model, protocol in models],
                [score for panel in panels for score in panel.subsets],
                [model.name for model, _ in models],
            ),
            *(published_score_table(panel.published.shown, panel.protocol) for panel in published),
        ],
        ignore_index=True,
    )
