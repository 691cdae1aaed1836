"""Scores on corrupted images against scores under real conditions, a point for each model."""

from collections.abc import Mapping

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
from robustbench_seg.reporting.transfer.model_table import ModelTable

PREDICTORS = (CLEAN.name, "mean")
"""The rows of plots: the baseline, and the predictor that should beat it."""


def transfer_figure(models: ModelTable) -> Figure:
    """Draw a column of plots for each target, a row for each of PREDICTORS.

    Args:
        models: The models, coloured by family; a cross is a model that the audit flags.
    """
    families = list(dict.fromkeys(models.families))
    colours = {name: colour for name, (colour, _) in line_styles(families).items()}
    targets = list(models.targets.columns)
    with style():
        figure = Figure(
            figsize=(max(2.6 * len(targets), 5) + 0.6, 2.7 * len(PREDICTORS) + 0.8),
            layout="constrained",
        )
        axes = figure.subplots(len(PREDICTORS), len(targets), squeeze=False)
        for row, predictor in zip(axes, PREDICTORS, strict=True):
            for axis, target in zip(row, targets, strict=True):
                _scatter(axis, models, predictor, target, colours)
                axis.set_xlabel(f"{predictor} mIoU, percent")
        for row in axes:
            row[0].set_ylabel("real mIoU, percent")
        for axis, target in zip(axes[0], targets, strict=True):
            axis.set_title(plain(target))
        signs = {name: point_mark(colours[name]) for name in families}
        if any(models.flagged):
            signs["flagged by the audit"] = point_mark(SOFT, "x", size=5)
        add_legend(figure, signs, columns=5)
    return figure


def _scatter(
    axis: Axes, models: ModelTable, predictor: str, target: str, colours: Mapping[str, str]
) -> None:
    x, y = models.predictors[predictor].to_numpy(), models.targets[target].to_numpy()
    flagged = np.array(models.flagged)
    points = np.array([colours[family] for family in models.families])
    axis.scatter(x[~flagged], y[~flagged], c=points[~flagged], s=18, marker="o", lw=0)
    axis.scatter(x[flagged], y[flagged], c=points[flagged], s=22, marker="x", lw=1)
    axis.margins(0.08)
