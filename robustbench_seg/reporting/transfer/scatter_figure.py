"""Scores on corrupted images against scores under real conditions, a point for each model."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.figures.style import (
    SOFT,
    add_legend,
    line_styles,
    plain,
    point_mark,
    style,
)
from robustbench_seg.reporting.ranking.estimate import ends_text
from robustbench_seg.reporting.transfer.model_table import ModelTable
from robustbench_seg.results.statistics.correlation import (
    Values,
    draw_weights,
    pearson,
    percentile_interval,
)
from robustbench_seg.text import counted, number

PREDICTORS = (CLEAN.name, "mean")
"""The rows of plots: the baseline, and the predictor that should beat it."""

_NOTE = """\
r: Pearson's, with the 95 % interval of a bootstrap over families,
because models of one family are not independent"""


def transfer_figure(tables: Sequence[ModelTable]) -> Figure:
    """Draw a column of plots for each target, a row for each of PREDICTORS.

    Each plot has a point for each model, coloured by family, and for each table Pearson's r with
    the interval of a bootstrap over families. A cross is a model that the audit flags.

    Args:
        tables: All models; then, if the audit flags some, those that it does not flag.
    """
    models = tables[0]
    families = list(dict.fromkeys(models.families))
    colours = {name: colour for name, (colour, _) in line_styles(families).items()}
    targets = list(models.targets.columns)
    with style():
        figure = Figure(
            figsize=(max(2.6 * len(targets), 5) + 0.6, 2.9 * len(PREDICTORS) + 0.9),
            layout="constrained",
        )
        axes = figure.subplots(len(PREDICTORS), len(targets), squeeze=False)
        for row, predictor in zip(axes, PREDICTORS, strict=True):
            for axis, target in zip(row, targets, strict=True):
                x, y = models.predictors[predictor].to_numpy(), models.targets[target].to_numpy()
                _scatter(axis, x, y, models, colours)
                axis.set_xlabel(f"{predictor} mIoU, percent")
                lines = [plain(target), *_r_lines(tables, predictor, target)]
                axis.set_title("\n".join(lines), fontsize="small")
        for row in axes:
            row[0].set_ylabel("on real images, percent")
        signs = {name: point_mark(colours[name]) for name in families}
        if any(models.flagged):
            signs["flagged by the audit"] = point_mark(SOFT, "x", size=5)
        add_legend(figure, signs, columns=5)
        figure.supxlabel(_NOTE, x=0.01, ha="left", fontsize="small", color=SOFT)
    return figure


def _r_lines(tables: Sequence[ModelTable], predictor: str, target: str) -> Sequence[str]:
    """Return r of each table, its interval and the number of models, in words."""
    lines = []
    for models, extent in zip(tables, _extents(tables), strict=True):
        x, y = models.predictors[predictor].to_numpy(), models.targets[target].to_numpy()
        r = pearson(x, y, draw_weights(models.families, "families"))
        ends = ends_text(*percentile_interval(r), 2)
        lines.append(f"r {number(r[0], 2)}{f' ({ends})' if ends else ''}, {extent}")
    return lines


def _extents(tables: Sequence[ModelTable]) -> Sequence[str]:
    """Return the number of models of each table, in words."""
    everything, *others = tables
    count = counted(len(everything.names), "model")
    if not others:
        return [count]
    return [f"all {count}", *(f"{len(each.names)} not flagged" for each in others)]


def _scatter(
    axis: Axes, x: Values, y: Values, models: ModelTable, colours: Mapping[str, str]
) -> None:
    flagged = np.array(models.flagged)
    points = np.array([colours[family] for family in models.families])
    axis.scatter(x[~flagged], y[~flagged], c=points[~flagged], s=18, marker="o", lw=0)
    axis.scatter(x[flagged], y[flagged], c=points[flagged], s=22, marker="x", lw=1)
    axis.margins(0.08)
