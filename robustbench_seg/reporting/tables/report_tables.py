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

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from robustbench_seg.files import atomic_file, write_text
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.panels import (
    Panel,
    PanelRow,
    drop_rows,
    panel_subset_scores,
)
from robustbench_seg.reporting.tables.confidence_tables import write_confidence_tables
from robustbench_seg.reporting.tables.degradation_tables import write_degradation_tables
from robustbench_seg.reporting.tables.formats import Estimate, csv, grouped_latex, markdown
from robustbench_seg.reporting.tables.joined_tables import joined
from robustbench_seg.results import (
    SubsetScore,
    miou_columns,
    published_score_table,
    score_table,
    subset_table,
)
from robustbench_seg.text import counted


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
        intervals: Whether miou.md and miou.tex have intervals.
        subsets: The scores of subsets, see panel_subset_scores. None: compute them.

    Raises:
        FileError: A file cannot be written.
    """
    subsets = panel_subset_scores(panels) if subsets is None else subsets
    drops = pd.concat(drop_rows(panels, subsets), ignore_index=True)
    if len(drops):
        write_text(folder / "drops.csv", csv(drops))
    scores = joined([panel.scores for panel in panels])
    write_text(folder / "miou.csv", csv(scores))
    shown = [_with_intervals(panel) if intervals else panel.scores for panel in panels]
    write_text(folder / "miou.md", markdown(joined(shown)))
    tex = [
        _ranking_latex(panel, table, f"miou-{n}", intervals)
        for n, (panel, table) in enumerate(zip(panels, shown, strict=True))
    ]
    write_text(folder / "miou.tex", "\n".join(tex))
    write_degradation_tables(panels, folder)
    write_confidence_tables(panels, folder, intervals=intervals)
    write_text(folder / "per_severity.csv", csv(joined([panel.severities for panel in panels])))
    write_text(folder / "per_class.csv", csv(joined([panel.per_class for panel in panels])))
    tidy = [
        score_table(row.model, panel.protocol, row.name)
        for panel in panels
        for row in panel.measured
    ]
    rows = [(row, panel.protocol) for panel in panels for row in panel.measured]
    names = [row.name for row, _ in rows]
    tidy.append(subset_table([(row.model, protocol) for row, protocol in rows], subsets, names))
    citing = {panel.protocol.name: panel for panel in panels if panel.published.sources}
    if citing:
        _write_published([*citing.values()], folder)
        tidy += [published_score_table(p.published.shown, p.protocol) for p in citing.values()]
    with atomic_file(folder / "scores.parquet") as file:
        pd.concat(tidy, ignore_index=True).to_parquet(file, index=False)


def _write_published(panels: Sequence[Panel], folder: Path) -> None:
    """Write the published rows of panels with a protocol each."""
    table = joined([panel.published.shown for panel in panels])
    write_text(folder / "published.csv", csv(table))
    write_text(folder / "published.md", markdown(table))
    tex = []
    for n, panel in enumerate(panels):
        where = f"Published: {panel.published.citation} Here"
        label = f"published-{n}" if n else "published"
        tex.append(_latex(panel.published.shown, panel.protocol, where, label))
    write_text(folder / "published.tex", "\n".join(tex))


def _with_intervals(panel: Panel) -> pd.DataFrame:
    """`Panel.scores` with an Estimate for each score; published rows have no intervals."""
    columns = list(miou_columns(panel.protocol))
    rows = []
    for row in panel.scores.to_dict("records"):
        limits = _limits(panel.row(row["model"])) if row["source"] == "measured" else {}
        nothing = (math.nan, math.nan)
        rows.append([Estimate(float(row[name]), *limits.get(name, nothing)) for name in columns])
    estimates = pd.DataFrame(rows, columns=columns, index=panel.scores.index, dtype=object)
    return panel.scores.assign(**{name: estimates[name] for name in columns})


def _limits(row: PanelRow) -> Mapping[str, tuple[float, float]]:
    """The ends of the interval of each score of a measured row."""
    summary = row.scores.summary
    means = {CLEAN.name: summary.clean, "mean": summary.mean, "retention": summary.retention}
    return {name: row.limits(draws) for name, draws in {**summary.corruptions, **means}.items()}


def _ranking_latex(panel: Panel, scores: pd.DataFrame, label: str, intervals: bool) -> str:
    """The ranking; published rows have a star that the caption explains."""
    is_published = panel.scores["source"] == "published"
    images = panel.scores.loc[~is_published, "images"].unique()
    where = f"On {panel.dataset} {panel.split} ({panel.protocol.name}{panel.class_maps}), "
    where += counted(images, "image")
    note = f". * published: {panel.published.citation}" if is_published.any() else ""
    if intervals:
        note += f". Below: 95 % intervals from a bootstrap over {panel.sampling_unit}"
    marks = is_published.map({True: " *", False: ""})
    return _latex(scores, panel.protocol, where, label, note, marks)


def _latex(
    scores: pd.DataFrame,
    protocol: Protocol,
    where: str,
    label: str,
    note: str = "",
    marks: "pd.Series[str] | str" = "",
) -> str:
    """A table as the paper prints it; `marks` stand behind the models' names."""
    specs = [spec for group in protocol.by_category.values() for spec in group]
    names = [spec.name for spec in specs]
    table = scores[["model", CLEAN.name, *names, "mean", "retention"]]
    table = table.assign(model=table["model"] + marks)
    table = table.rename(columns=lambda name: str(name).replace("_", " "))
    groups = {spec.name.replace("_", " "): spec.category for spec in specs}
    caption = f"{where}: mIoU in percent; averaged: {protocol.averaged.replace('_', ' ')}{note}"
    return grouped_latex(table, groups, caption, f"tab:{label}")
