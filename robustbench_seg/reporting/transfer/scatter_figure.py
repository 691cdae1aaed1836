"""Scores on corrupted images against scores under real conditions, a point for each model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

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


def transfer_figure(models: ModelTable) -> Figure:
    """Draw a column of plots for each target, a row for each of PREDICTORS.

    Each plot has Pearson's r with the interval of a bootstrap over families; if the audit flags
    models, also that of the others.

    Args:
        models: The models, coloured by family; a cross is a model that the audit flags.
    """
    families = list(dict.fromkeys(models.families))
    colours = {name: colour for name, (colour, _) in line_styles(families).items()}
    targets = list(models.targets.columns)
    groups = _groups(models)
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
                lines = [plain(target), *(group.r_text(x, y) for group in groups)]
                axis.set_title("\n".join(lines), fontsize="small")
        for row in axes:
            row[0].set_ylabel("on real images, percent")
        signs = {name: point_mark(colours[name]) for name in families}
        if any(models.flagged):
            signs["flagged by the audit"] = point_mark(SOFT, "x", size=5)
        add_legend(figure, signs, columns=5)
        figure.supxlabel(_NOTE, x=0.01, ha="left", fontsize="small", color=SOFT)
    return figure


@dataclass(frozen=True, eq=False)
class _Group:
    """Models that share a correlation: all of them, or those that the audit does not flag."""

    kept: NDArray[np.bool_]
    weights: Values
    extent: str

    def r_text(self, x: Values, y: Values) -> str:
        """Return r of the group, its interval and its number of models, in words."""
        r = pearson(x[self.kept], y[self.kept], self.weights)
        ends = ends_text(*percentile_interval(r), 2)
        return f"r {number(r[0], 2)}{f' ({ends})' if ends else ''}, {self.extent}"


def _groups(models: ModelTable) -> Sequence[_Group]:
    flagged, families = np.array(models.flagged), np.array(models.families)
    count = counted(len(flagged), "model")
    groups = [(np.ones_like(flagged), count)]
    if flagged.any():
        groups = [(groups[0][0], f"all {count}"), (~flagged, f"{(~flagged).sum()} not flagged")]
    return [
        _Group(kept, draw_weights(families[kept].tolist(), "families"), text)
        for kept, text in groups
    ]


def _scatter(
    axis: Axes, x: Values, y: Values, models: ModelTable, colours: Mapping[str, str]
) -> None:
    flagged = np.array(models.flagged)
    points = np.array([colours[family] for family in models.families])
    axis.scatter(x[~flagged], y[~flagged], c=points[~flagged], s=18, marker="o", lw=0)
    axis.scatter(x[flagged], y[flagged], c=points[flagged], s=22, marker="x", lw=1)
    axis.margins(0.08)
