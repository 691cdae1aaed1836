"""Reliability diagrams and risk-coverage curves."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_seg.measures import COVERAGES, Reliability
from robustbench_seg.reporting.figures.style import (
    DASHES,
    PAPER,
    SOFT,
    Dash,
    add_legend,
    line_mark,
    line_styles,
    plain,
    style,
)
from robustbench_seg.reporting.panels import ConfidenceCurves

SMALL_SHARE = 0.001
"""Bins with a smaller share of the pixels are drawn hollow."""


def confidence_overview(
    models: Mapping[str, ConfidenceCurves], names: Sequence[str], over: str
) -> Figure:
    """Draw reliability above risk over coverage: clean, and all corruptions at two severities.

    Args:
        models: Maps the name of a model to its curves, drawn as one line.
        names: Names of all models of the panel, which have the same colours in all figures.
        over: The pooled conditions, in words, such as "all corruptions".
    """
    shown = next(iter(models.values())).severities
    styles = line_styles(names)
    with style():
        figure = Figure(figsize=(11, 6.4), layout="constrained")
        axes = figure.subplots(2, len(shown), sharey="row", squeeze=False)
        for column, severity in enumerate(shown):
            above, below = axes[:, column]
            title = f"{over}, severity {severity}" if severity else "clean"
            _prepare(above, title)
            above.set_xlabel("confidence, percent")
            below.set_xlabel("coverage: most confident pixels kept, percent")
            below.set_xlim(0, 100)
            for model, curves in models.items():
                if severity in curves.all:
                    _draw(above, curves.all[severity], *styles[model])
                    risk = 100 * curves.all[severity].risk
                    colour, dash = styles[model]
                    below.plot(100 * COVERAGES, risk, color=colour, linestyle=dash, lw=1.4)
        axes[0][0].set_ylabel("accuracy, percent")
        axes[1][0].set_ylabel("risk: kept pixels that are wrong, percent")
        axes[1][0].set_ylim(bottom=0)
        add_legend(figure, {model: line_mark(*styles[model]) for model in models})
    return figure


def category_reliability(model: str, rows: Mapping[str, ConfidenceCurves]) -> Figure:
    """Draw the reliability of one model: a column for each category, clean in each.

    Args:
        model: The title.
        rows: Maps the label of a row of plots, such as "raw confidence", to its curves.
    """
    categories = list(dict.fromkeys(name for curves in rows.values() for name in curves.categories))
    shown = next(iter(rows.values())).severities
    labels = [f"severity {severity}" if severity else "clean" for severity in shown]
    colours = [colour for colour, _ in line_styles(labels).values()]
    looks = dict(zip(shown, zip(colours, DASHES, strict=False), strict=True))
    with style():
        figure = Figure(figsize=(11, 2.9 * len(rows) + 0.7), layout="constrained")
        axes = figure.subplots(
            len(rows), max(4, len(categories)), sharex=True, sharey=True, squeeze=False
        )
        for row, (kind, curves) in zip(axes, rows.items(), strict=True):
            for axis in row[len(categories) :]:
                axis.set_visible(False)
            for axis, category in zip(row, categories, strict=False):
                _prepare(axis, plain(category))
                for severity, reliability in curves.categories[category].items():
                    _draw(axis, reliability, *looks[severity])
            row[0].set_ylabel(
                f"accuracy, percent\n({kind})" if len(rows) > 1 else "accuracy, percent"
            )
        for axis in axes[-1]:
            axis.set_xlabel("confidence, percent")
        signs = {label: line_mark(*looks[s]) for label, s in zip(labels, shown, strict=True)}
        add_legend(figure, signs, title=plain(model))
    return figure


def _prepare(axis: Axes, title: str) -> None:
    axis.set_title(title)
    axis.plot([0, 100], [0, 100], color=SOFT, lw=0.8, zorder=1)
    axis.set(xlim=(0, 100), ylim=(0, 100))


def _draw(axis: Axes, of: Reliability, colour: str, dash: Dash) -> None:
    """Draw one line, with hollow points for bins with few pixels."""
    x, y = 100 * of.confidence, 100 * of.accuracy
    filled, few = of.share > 0, of.share < SMALL_SHARE
    axis.plot(x[filled], y[filled], color=colour, linestyle=dash, lw=1.2)
    for which, face in ((filled & ~few, colour), (filled & few, PAPER)):
        (points,) = axis.plot(x[which], y[which], "o", color=colour, ms=3.2, mew=0.9, mfc=face)
        points.set(clip_on=False, in_layout=False)  # points at 100 percent are not cut off
