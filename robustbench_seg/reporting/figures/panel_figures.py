"""The figures of a panel: severity curves, class heatmaps, accuracy against cost."""

from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.figures.style import (
    HEAT,
    LINE,
    PAPER,
    SOFT,
    Dash,
    line_styles,
    plain,
    style,
)
from robustbench_seg.reporting.panels.pareto import pareto_front


def severity_curves(severities: pd.DataFrame, protocol: Protocol) -> Figure:
    """Draw the mIoU over severity: one small plot for each corruption, one line for each model.

    Severities that do not score are drawn hollow on grey.

    Args:
        severities: Rows of `tables/per_severity.csv`, in percent. Severity 0 is the clean mIoU.
        protocol: Names the corruptions and the severities that score.
    """
    models = list(dict.fromkeys(severities["model"]))
    styles = line_styles(models)
    with style():
        columns = 4
        rows = -(-len(protocol.names) // columns)
        figure = Figure(figsize=(11, 2.3 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, spec in zip(axes, protocol.perturbations, strict=False):
            curves = severities[severities["corruption"].isin(["clean", spec.name])]
            for model, curve in curves.groupby("model", sort=False):
                _curve(axis, curve.sort_values("severity"), *styles[str(model)], spec.scored)
            for severity in set(protocol.severities) - set(spec.scored):
                axis.axvspan(severity - 0.5, severity + 0.5, color=LINE, alpha=0.45, lw=0)
            axis.set_title(plain(spec.name.replace("_", " ")))
            axis.set_xlim(-0.25, protocol.severities[-1] + 0.5)
            axis.set_xticks([0, *protocol.severities], ["clean", *map(str, protocol.severities)])
            axis.grid(axis="x", visible=False)
        shown = len(protocol.names)
        for place, axis in enumerate(axes):
            axis.set_visible(place < shown)
            axis.tick_params(labelbottom=place + columns >= shown)  # the last of its column
        axes[0].set_ylim(bottom=0)
        figure.supxlabel("severity", fontsize=9, color=SOFT)
        figure.supylabel("mIoU, percent", fontsize=9, color=SOFT)
        handles = [
            mpl.lines.Line2D([], [], color=colour, linestyle=dash, marker="o", markersize=3)
            for colour, dash in styles.values()
        ]
        labels = [plain(model) for model in styles]
        figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)))
    return figure


def _curve(
    axis: Axes, curve: pd.DataFrame, colour: str, dash: Dash, scored: tuple[int, ...]
) -> None:
    severities, score = curve["severity"].to_numpy(), curve["miou"].to_numpy(float)
    low, high = curve["ci_low"].to_numpy(float), curve["ci_high"].to_numpy(float)
    axis.fill_between(severities, low, high, color=colour, alpha=0.18, lw=0)
    axis.plot(severities, score, color=colour, linestyle=dash, lw=1.4)
    scores = np.isin(severities, (0, *scored))
    for which, face in ((scores, colour), (~scores, PAPER)):
        axis.plot(severities[which], score[which], "o", color=colour, ms=3.2, mew=0.9, mfc=face)


def class_heatmap(model: str, classes: pd.DataFrame, protocol: Protocol) -> Figure:
    """Draw the IoU of each class under each corruption, for one model.

    Args:
        model: The title.
        classes: Indexed by class; columns clean and the corruptions in protocol order; means over
            the scored severities in percent, nan where a class does not occur or a condition is
            missing.
        protocol: Names the corruptions and their categories.
    """
    few = len(classes) <= 40
    with style():
        height = max(2.4, 0.27 * len(classes) if few else 0.11 * len(classes)) + 1.7
        figure = Figure(figsize=(11, height))
        axis = figure.subplots()
        sns.heatmap(
            classes,
            ax=axis,
            vmin=0,
            vmax=100,
            cmap=HEAT,
            annot=few,
            fmt=".0f",
            annot_kws={"fontsize": 7.5},
            linewidths=0.6 if few else 0,
            linecolor=PAPER,
            cbar=False,
            yticklabels=[plain(name) for name in classes.index],
            xticklabels=[plain(name.replace("_", " ")) for name in classes.columns],
            rasterized=not few,
        )
        for number in axis.texts:
            number.set_in_layout(False)  # they lie inside; hundreds take long to measure
        figure.set_layout_engine("constrained")  # only now: seaborn draws several times
        figure.colorbar(axis.collections[0], label="IoU, percent", shrink=0.6, pad=0.01)
        axis.set_title(plain(model))
        axis.set(xlabel="", ylabel="")
        axis.grid(visible=False)
        axis.tick_params(axis="x", rotation=45)
        for label in axis.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
        axis.tick_params(axis="y", rotation=0)
        categories = ["clean", *(spec.category for spec in protocol.perturbations)]
        for place, (before, after) in enumerate(pairwise(categories), start=1):
            if before != after:
                axis.axvline(place, color=PAPER, lw=3)
    return figure


def cost_scatter(costs: pd.DataFrame) -> Figure:
    """Draw accuracy against cost: the mean over the corruptions, and hollow the clean mIoU.

    On the dotted line, the Pareto front of the mean, no model is both cheaper and better.

    Args:
        costs: Columns model, clean, mean (percent), and one for each cost, which its name states
            with its unit; nan where it is not known.
    """
    names = [str(name) for name in costs.columns.drop(["model", "clean", "mean"])]
    styles = line_styles(list(costs["model"]))
    with style():
        figure = Figure(figsize=(5.5 * len(names), 4.2), layout="constrained")
        axes = figure.subplots(1, len(names), sharey=True, squeeze=False).ravel()
        for axis, name in zip(axes, names, strict=True):
            models = costs[costs[name].notna()].sort_values(name)
            places, means = (
                dict(zip(models["model"], models[column], strict=True)) for column in (name, "mean")
            )
            front = models[models["model"].isin(pareto_front(places, means))]
            low, high = models[name].min() / 2, models[name].max() * 4
            steps, heights = [*front[name], high], [*front["mean"], front["mean"].iloc[-1]]
            axis.step(steps, heights, where="post", color=SOFT, lw=1, ls=":", zorder=1)
            for row in models.to_dict("records"):
                colour, _ = styles[row["model"]]
                place, ends = row[name], (row["mean"], row["clean"])
                axis.plot([place, place], ends, color=colour, lw=0.8, alpha=0.6)
                axis.plot(place, row["clean"], "o", color=colour, ms=5, mfc=PAPER)
                axis.plot(place, row["mean"], "o", color=colour, ms=6)
                label = plain(row["model"])
                axis.annotate(label, (place, row["mean"]), (6, -9), textcoords="offset points")
            axis.set_xscale("log")
            axis.set_xlim(low, high)
            axis.xaxis.set_major_locator(mpl.ticker.LogLocator(subs=(1, 2, 5)))
            axis.xaxis.set_major_formatter("{x:g}")
            axis.xaxis.set_minor_formatter(mpl.ticker.NullFormatter())
            axis.set_xlabel(name)
        axes[0].set_ylim(bottom=0)
        axes[0].set_ylabel("mIoU, percent")
    return figure
