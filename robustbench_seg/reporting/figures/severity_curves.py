"""The mIoU over severity, a plot for each corruption and a line for each model."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.figures.style import (
    LINE,
    PAPER,
    SOFT,
    Dash,
    add_legend,
    line_mark,
    line_styles,
    plain,
    style,
)


def severity_curves(per_severity: pd.DataFrame, protocol: Protocol) -> Figure:
    """Draw the mIoU over severity: one small plot for each corruption, one line for each model.

    Severities that are not scored are drawn hollow on grey.

    Args:
        per_severity: Rows of `tables/per_severity.csv`, in percent. Severity 0 is the clean mIoU.
        protocol: The protocol with the corruptions and the scored severities.
    """
    models = list(dict.fromkeys(per_severity["model"]))
    styles = line_styles(models)
    with style():
        columns = 4
        rows = -(-len(protocol.names) // columns)
        figure = Figure(figsize=(11, 2.3 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis, perturbation in zip(axes, protocol.perturbations, strict=False):
            curves = per_severity[per_severity["corruption"].isin(["clean", perturbation.name])]
            for model, curve in curves.groupby("model", sort=False):
                _curve(
                    axis, curve.sort_values("severity"), *styles[str(model)], perturbation.scored
                )
            for severity in set(protocol.severities) - set(perturbation.scored):
                axis.axvspan(severity - 0.5, severity + 0.5, color=LINE, alpha=0.45, lw=0)
            axis.set_title(plain(perturbation.name.replace("_", " ")))
            axis.set_xlim(-0.25, protocol.severities[-1] + 0.5)
            axis.set_xticks([0, *protocol.severities], ["clean", *map(str, protocol.severities)])
            axis.grid(axis="x", visible=False)
        shown = len(protocol.names)
        for index, axis in enumerate(axes):
            axis.set_visible(index < shown)
            axis.tick_params(labelbottom=index + columns >= shown)  # the last of its column
        axes[0].set_ylim(bottom=0)
        figure.supxlabel("severity", fontsize=9, color=SOFT)
        figure.supylabel("mIoU, percent", fontsize=9, color=SOFT)
        add_legend(figure, {model: line_mark(*look) for model, look in styles.items()})
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
