"""Accuracy against cost, a point for each model, and the Pareto front."""

import pandas as pd
from matplotlib.figure import Figure

from robustbench_seg.reporting.figures.style import (
    PAPER,
    SOFT,
    line_styles,
    plain,
    set_log_scale,
    style,
)
from robustbench_seg.reporting.ranking.pareto import pareto_front


def cost_scatter(costs: pd.DataFrame) -> Figure:
    """Draw accuracy against cost: the mean over the corruptions, and the clean mIoU as hollow
    points.

    The dotted line is the Pareto front of the mean, if it has several models: no other model is
    both cheaper and better.

    Args:
        costs: Columns model, clean, mean (percent), and one for each cost, named after the cost and
            its unit; nan if it is unknown.
    """
    names = [str(name) for name in costs.columns.drop(["model", "clean", "mean"])]
    styles = line_styles(list(costs["model"]))
    with style():
        figure = Figure(figsize=(5.5 * len(names), 4.2), layout="constrained")
        axes = figure.subplots(1, len(names), sharey=True, squeeze=False).ravel()
        for axis, name in zip(axes, names, strict=True):
            models = costs[costs[name].notna()].sort_values(name)
            values, means = (
                dict(zip(models["model"], models[column], strict=True)) for column in (name, "mean")
            )
            front = models[models["model"].isin(pareto_front(values, means))]
            low, high = models[name].min() / 2, models[name].max() * 4
            if len(front) > 1:
                steps, heights = [*front[name], high], [*front["mean"], front["mean"].iloc[-1]]
                axis.step(steps, heights, where="post", color=SOFT, lw=1, ls=":", zorder=1)
            for row in models.to_dict("records"):
                colour, _ = styles[row["model"]]
                cost, ends = row[name], (row["mean"], row["clean"])
                axis.plot([cost, cost], ends, color=colour, lw=0.8, alpha=0.6)
                axis.plot(cost, row["clean"], "o", color=colour, ms=5, mfc=PAPER)
                axis.plot(cost, row["mean"], "o", color=colour, ms=6)
                label = plain(row["model"])
                text = axis.annotate(
                    label, (cost, row["mean"]), (6, -9), textcoords="offset points", zorder=4
                )
                text.set_bbox({"boxstyle": "square,pad=0.1", "fc": PAPER, "ec": "none"})
            set_log_scale(axis)
            axis.set_xlim(low, high)
            axis.set_xlabel(name)
        axes[0].set_ylim(bottom=0)
        axes[0].set_ylabel("mIoU, percent")
    return figure
