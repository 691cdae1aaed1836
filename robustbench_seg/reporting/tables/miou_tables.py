"""miou.* and published.*: clean, each corruption, mean and retention of each model.

.md and .tex can have 95 % intervals; .csv never has.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.reporting.ranking.estimate import Estimate
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.reporting.tables.formats import csv, markdown
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.reporting.tables.latex_tables import (
    averaged_text,
    interval_source,
    panel_text,
    perturbation_latex,
    published_marks,
)
from robustbench_seg.reporting.tables.table_files import write_table_files
from robustbench_seg.results import NO_INTERVAL, RUNS_COLUMN, Interval, is_measured, miou_columns
from robustbench_seg.text import counted


def write_miou_tables(panels: Sequence[Panel], folder: Path, *, intervals: bool = False) -> None:
    """Write miou.csv, miou.md and miou.tex.

    Args:
        panels: The panels.
        folder: The folder to write to.
        intervals: Whether .md and .tex have the interval of each score.

    Raises:
        FileError: A file cannot be written.
    """
    tables = [_with_intervals(panel) if intervals else panel.miou for panel in panels]
    latex = []
    for n, (panel, table) in enumerate(zip(panels, tables, strict=True)):
        marked = table.assign(model=table["model"] + published_marks(table))
        caption = _caption(panel, intervals=intervals)
        latex.append(_latex(marked, panel.protocol, caption, f"miou-{n}"))
    scores = csv(joined([panel.miou for panel in panels]))
    shown = joined(tables).drop(columns=RUNS_COLUMN)
    write_table_files(folder / "miou", scores, markdown(shown), latex)


def write_published_tables(panels: Sequence[Panel], folder: Path) -> None:
    """Write published.csv, published.md and published.tex; no files without panels.

    Args:
        panels: Panels with published results, one for each protocol.
        folder: The folder to write to.

    Raises:
        FileError: A file cannot be written.
    """
    if not panels:
        return
    table = joined([panel.published.shown for panel in panels])
    latex = []
    for n, panel in enumerate(panels):
        caption = f"Published: {panel.published.caption} Here{_scores_text(panel.protocol)}"
        label = f"published-{n}" if n else "published"
        latex.append(_latex(panel.published.shown, panel.protocol, caption, label))
    write_table_files(folder / "published", csv(table), markdown(table), latex)


def _with_intervals(panel: Panel) -> pd.DataFrame:
    """`Panel.miou` with an Estimate for each score; published results have no intervals."""
    columns = list(miou_columns(panel.protocol))
    rows = []
    for row in panel.ranking:
        intervals = _intervals(row.model) if row.model else dict.fromkeys(columns, NO_INTERVAL)
        rows.append([Estimate(row.scores[name], *intervals[name]) for name in columns])
    estimates = pd.DataFrame(rows, columns=columns, index=panel.miou.index, dtype=object)
    return panel.miou.assign(**{name: estimates[name] for name in columns})


def _intervals(model: MeasuredModel) -> Mapping[str, Interval]:
    """The interval of each score of a measured model."""
    return {name: model.interval(draws) for name, draws in model.miou_draws.items()}


def _caption(panel: Panel, *, intervals: bool) -> str:
    measured = is_measured(panel.miou)
    images = panel.miou.loc[measured, "images"].unique()
    trainings = sorted({model.scores.trainings for model in panel.models})
    means = f", means of {counted(trainings, 'training')}" if trainings[-1] > 1 else ""
    text = f"{panel_text(panel)}, {counted(images, 'image')}{means}{_scores_text(panel.protocol)}"
    if not measured.all():
        text += f". * published: {panel.published.caption}"
    if intervals:
        text += f". Below: {interval_source(panel)}"
    return text


def _scores_text(protocol: Protocol) -> str:
    return f": mIoU in percent; {averaged_text(protocol)}; retention: mean / clean"


def _latex(scores: pd.DataFrame, protocol: Protocol, caption: str, label: str) -> str:
    """Rows of miou.csv in the layout of the SegFormer paper."""
    columns = ["model", *miou_columns(protocol)]
    return perturbation_latex(scores[columns], protocol, caption, label)
