"""The IoU of each class of a model under each corruption, as a heatmap."""

from itertools import pairwise

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.reporting.figures.style import HEAT, PAPER, plain, style, text_colour


def class_heatmap(model: str, classes: pd.DataFrame, protocol: Protocol) -> Figure:
    """Draw the IoU of each class under each corruption, for one model.

    Args:
        model: The title.
        classes: Indexed by class; columns clean and the corruptions in protocol order; means over
            the scored severities in percent, nan if a class does not occur or a condition is
            missing.
        protocol: The protocol with the corruptions and their categories.
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
        colours, values = sns.color_palette(HEAT, as_cmap=True), classes.to_numpy(float)
        for number in axis.texts:
            number.set_in_layout(False)  # labels lie inside, and hundreds take long to measure
            x, y = number.get_position()
            number.set_color(text_colour(colours(values[int(y), int(x)] / 100)[:3]))
        figure.set_layout_engine("constrained")  # set last, because seaborn draws several times
        figure.colorbar(axis.collections[0], label="IoU, percent", shrink=0.6, pad=0.01)
        axis.set_title(plain(model))
        axis.set(xlabel="", ylabel="")
        axis.grid(visible=False)
        axis.tick_params(axis="x", rotation=45)
        for label in axis.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
        axis.tick_params(axis="y", rotation=0)
        categories = ["clean", *(each.category for each in protocol.perturbations)]
        for edge, (before, after) in enumerate(pairwise(categories), start=1):
            if before != after:
                axis.axvline(edge, color=PAPER, lw=3)
    return figure
