"""The paper's table: model x (clean, corruptions by category), coloured by value.

The page's script computes other metrics from the same numbers. ECE and AUROC are stored separately.
"""

from dataclasses import replace
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.records.cards.protocol import CLEAN, CorruptionSpec
from robustbench_seg.reporting.figures.style import HEAT
from robustbench_seg.reporting.page.ranking import row_tag
from robustbench_seg.reporting.page.table import (
    Cell,
    Column,
    Group,
    Metric,
    MetricValue,
    Table,
    TableRow,
)
from robustbench_seg.reporting.panels import (
    Panel,
    PanelRow,
    chief_confidence_scores,
    missing_confidence,
)
from robustbench_seg.results import RANKED, Draws
from robustbench_seg.text import number, one_line

STEPS = 33
"""Number of colours."""


def cells_table(scores: pd.DataFrame, panel: Panel, caption: str) -> Table:
    """Return rows of tables/miou.csv laid out as the paper's table 5.

    Args:
        scores: The panel's own scores, or published ones.
        panel: The panel.
        caption: Whose scores it shows; the page adds which.
    """
    by_category = panel.protocol.by_category
    specs = [spec for group in by_category.values() for spec in group]
    columns = [Column("model"), Column(CLEAN.name), *map(heat_column, [None, *specs[:-1]], specs)]
    groups = [Group("", 2), *(Group(name, len(group)) for name, group in by_category.items())]
    values = scores[[CLEAN.name, *(spec.name for spec in specs)]].to_numpy(float)
    values = values[~np.isnan(values)]
    span = (float(values.min()), float(values.max())) if values.size else (0.0, 100.0)
    measured = "measured" in set(scores["source"])
    infos = chief_confidence_scores(panel) if measured else []
    rows = []
    for record in scores.to_dict("records"):
        row = panel.row(record["model"]) if record["source"] == "measured" else None
        cells = [Cell(record["model"], tag=row_tag(row) if row else record["source"])]
        for spec, column in zip([None, *specs], columns[1:], strict=True):
            value = float(record[spec.name if spec else CLEAN.name])
            cell = heat_cell(value, span, _title(row, spec, value), column.starts_group)
            further = [_metric_value(row, spec, info.key) for info in infos] if row else []
            cells.append(replace(cell, metrics=further))
        rows.append(TableRow(cells, kind=record["source"]))
    return Table(
        caption,
        columns,
        rows,
        groups=groups,
        kind="heat",
        ramp=ramp(),
        reference=panel.reference,
        metrics=[_metric(info) for info in infos],
    )


def _metric(info: ScoreInfo) -> Metric:
    direction = "higher" if info.higher_is_better else "lower"
    caption = f"{info.label} in percent, {direction} is better"
    return Metric(info.label, f"{info.label}, %", caption, info.higher_is_better)


def _metric_value(row: PanelRow, spec: CorruptionSpec | None, key: str) -> MetricValue:
    """Return the value of a further score in a measured cell, and its hover text."""
    value = float(_draws(row, spec, key)[0])
    if not np.isnan(value):
        return MetricValue(round(value, 4), _interval_title(row, spec, key))
    name = spec.name if spec else CLEAN.name
    why = missing_confidence(row) or row.model.missing.get(name)
    return MetricValue(None, one_line(why) if why else None)


def heat_column(previous: CorruptionSpec | None, spec: CorruptionSpec) -> Column:
    """Return the header of a corruption, marked if `previous` is of another category."""
    return Column(
        spec.name.replace("_", " "),
        f"mean over severities {', '.join(map(str, spec.scored))}",
        starts_group=previous is None or previous.category != spec.category,
        group=spec.category,
    )


def _title(row: PanelRow | None, spec: CorruptionSpec | None, value: float) -> str | None:
    """The hover text of a measured cell: its severities, number of images and interval."""
    if row is None:
        return None
    name = spec.name if spec else CLEAN.name
    if np.isnan(value):
        return row.model.missing.get(name)
    return _interval_title(row, spec, RANKED)


def _interval_title(row: PanelRow, spec: CorruptionSpec | None, key: str) -> str:
    severities = f"severities {spec.scored_text}, " if spec else ""
    low, high = row.limits(_draws(row, spec, key))
    limits = "" if np.isnan(low) else f", 95 % interval {number(low)} to {number(high)}"
    return f"{severities}{row.model.images.get(CLEAN, 0)} images{limits}"


def _draws(row: PanelRow, spec: CorruptionSpec | None, key: str) -> Draws:
    """Return the draws of a cell's score; nan if the row has no such score."""
    if key not in row.scores.by_name:
        return row.scores.mean * np.nan
    summary = row.scores.by_name[key].summary
    return summary.corruptions[spec.name] if spec else summary.clean


def heat_cell(value: float, span: tuple[float, float], title: str | None, starts: bool) -> Cell:
    """Return the cell of a score, coloured by its position in `span`.

    Args:
        value: The score. nan: there is none.
        span: The lowest and the highest score of the table.
        title: Text shown on hover.
        starts: Whether a category starts at this column.
    """
    classes = "starts" if starts else None
    if np.isnan(value):
        return Cell("", title=title, classes=f"{classes or ''} empty".strip())
    low, high = span
    share = 0.5 if high <= low else (value - low) / (high - low)
    style = ramp()[round(share * (STEPS - 1))]
    return Cell(number(value), value=value, title=title, style=style, classes=classes)


@cache
def ramp() -> tuple[str, ...]:
    """Return the styles of a cell from the lowest value to the highest."""
    return tuple(heat_style(share) for share in np.linspace(0, 1, STEPS))


def heat_style(share: float) -> str:
    """Return the background for a share in 0..1, with black or white text, the easier to read."""
    red, green, blue = sns.color_palette(HEAT, as_cmap=True)(share)[:3]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # WCAG 2 contrast is (L1 + .05) / (L2 + .05); the two texts are equal at L = sqrt(1.05*.05)-.05.
    text = "#000" if luminance > 0.1791 else "#fff"
    return f"background:{mpl.colors.to_hex((red, green, blue))};color:{text}"
