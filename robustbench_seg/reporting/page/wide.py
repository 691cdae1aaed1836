"""The paper's table: model x (clean, corruptions by category), heat-coloured.

The page shows it in other metrics, too, which its script computes from the same numbers.
"""

from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns

from robustbench_seg.records.protocol import CLEAN, CorruptionSpec
from robustbench_seg.reporting.figures.plots import HEAT
from robustbench_seg.reporting.page.views import Cell, Column, Group, Table, TableRow, number, tag
from robustbench_seg.reporting.panels import Measured, Panel

STEPS = 33
"""So many colours there are."""


def wide_table(scores: pd.DataFrame, panel: Panel, caption: str) -> Table:
    """Rows of tables/miou.csv, the panel's own or published ones, as the paper's table 5."""
    by_category = panel.protocol.by_category
    specs = [spec for group in by_category.values() for spec in group]
    columns = [Column("model"), Column("clean")]
    groups = [Group("", 2)]
    for before, spec in zip([None, *specs], specs, strict=False):
        first = before is None or before.category != spec.category
        if first:
            groups.append(Group(spec.category, len(by_category[spec.category])))
        title = f"mean over severities {', '.join(map(str, spec.scored))}"
        name = spec.name.replace("_", " ")
        columns.append(Column(name, title, starts_group=first, group=spec.category))
    values = scores[[CLEAN.name, *(spec.name for spec in specs)]].to_numpy(float)
    values = values[~np.isnan(values)]
    span = (float(values.min()), float(values.max())) if values.size else (0.0, 100.0)
    rows = []
    for record in scores.to_dict("records"):
        model, source = record["model"], record["source"]
        run = panel.run(model) if source == "measured" else None
        cells = [Cell(model, tag=tag(panel, model) if run else source)]
        for shown, column in zip([None, *specs], columns[1:], strict=True):
            value = float(record[shown.name if shown else CLEAN.name])
            cells.append(_cell(value, span, _title(run, shown, value), column.starts_group))
        rows.append(TableRow(cells, kind=source))
    return Table(
        caption, columns, rows, groups=groups, kind="heat", ramp=ramp(), reference=panel.baseline
    )


def _title(run: Measured | None, spec: CorruptionSpec | None, value: float) -> str | None:
    """What a measured cell says on hover: which severities, how many images, the interval."""
    if run is None:
        return None
    name = spec.name if spec else CLEAN.name
    if np.isnan(value):
        return run.scored.missing.get(name)
    severities = f"severities {spec.scored_text}, " if spec else ""
    summary = run.drawn.summary
    low, high = run.limits(summary.corruptions[name] if spec else summary.clean)
    limits = "" if np.isnan(low) else f", 95 % interval {number(low)} to {number(high)}"
    return f"{severities}{run.scored.images.get(CLEAN, 0)} images{limits}"


def _cell(value: float, span: tuple[float, float], title: str | None, starts: bool) -> Cell:
    classes = "starts" if starts else None
    if np.isnan(value):
        return Cell("", title=title, classes=f"{classes or ''} empty".strip())
    low, high = span
    share = 0.5 if high <= low else (value - low) / (high - low)
    style = ramp()[round(share * (STEPS - 1))]
    return Cell(number(value), value=value, title=title, style=style, classes=classes)


@cache
def ramp() -> tuple[str, ...]:
    """Styles of a cell from the lowest value to the highest."""
    return tuple(heat_style(share) for share in np.linspace(0, 1, STEPS))


def heat_style(share: float) -> str:
    """Background for a share in 0..1, and black or white text, whichever is easier to read."""
    red, green, blue = sns.color_palette(HEAT, as_cmap=True)(share)[:3]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # WCAG 2 contrast is (L1 + .05) / (L2 + .05); the two texts are equal at L = sqrt(1.05*.05)-.05.
    text = "#000" if luminance > 0.1791 else "#fff"
    return f"background:{mpl.colors.to_hex((red, green, blue))};color:{text}"
