"""A figure of size against accuracy, as in section 4.2 of arXiv 2105.15203."""

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from robustbench_seg.reporting.figures.style import (
    SOFT,
    add_legend,
    line_styles,
    plain,
    point_mark,
    set_log_scale,
    style,
)
from robustbench_seg.reporting.literature.published_costs import published_costs

_MAX_NAMES = 6
"""A plot with more cards does not name them, because the names would overlap."""

_COLUMNS = 2


def size_figure(costs: pd.DataFrame) -> Figure:
    """Draw parameters against clean mIoU: a plot for each dataset of the tables or of `costs`.

    The line is SegFormer B0 to B5 as published, at one scale (table 1a); squares are other networks
    in tables 2 and 4; circles are the cards, except those whose numbers are on the line.

    Args:
        costs: The table of `rs.cost`. Models whose cards have no mIoU are left out.
    """
    paper = published_costs().dropna(subset=["miou", "params_m"])
    line, others = paper[paper["table"] == "1a"], paper[~paper["model"].str.contains("SegFormer")]
    line = line.assign(model=line["model"].str.removeprefix("SegFormer-"))
    cards = costs[costs["miou"].notna() & ~costs["model"].isin(line["card"])]
    cards = cards.drop_duplicates("model")
    kinds = sorted(set(cards["architecture"]))
    colours = [colour for colour, _ in line_styles(["line", *kinds]).values()]
    datasets = list(dict.fromkeys([*line["dataset"], *cards["dataset"]]))
    with style():
        rows = -(-len(datasets) // _COLUMNS)
        figure = Figure(figsize=(11, 4.2 * rows + 0.4), layout="constrained")
        axes = figure.subplots(rows, _COLUMNS, sharex=True, squeeze=False).ravel()
        for axis, dataset in zip(axes, datasets, strict=False):
            of_cards = cards[cards["dataset"] == dataset]
            of_others = others[others["dataset"] == dataset]
            for kind, colour in zip(kinds, colours[1:], strict=True):
                _draw(axis, of_cards[of_cards["architecture"] == kind], "o", colour, alpha=0.5)
            _draw(axis, of_others, "s", SOFT)
            _draw(axis, line[line["dataset"] == dataset], "-o", colours[0])
            _label_axes(axis, plain(str(dataset)))
            named = of_cards if len(of_cards) <= _MAX_NAMES else of_cards[:0]
            _write_names(axis, pd.concat([of_others, named]))
            for row in line[line["dataset"] == dataset].to_dict("records"):
                note = _write(axis, row["model"], (row["params_m"], row["miou"]), (-3, 4))
                note.set(color=colours[0], ha="right")
        for axis in axes[len(datasets) :]:
            axis.set_visible(False)
        signs = {"SegFormer, as published": point_mark(colours[0], dash="-")}
        signs |= {f"cards: {kind}": point_mark(colours[i]) for i, kind in enumerate(kinds, 1)}
        signs["others, as published"] = point_mark(SOFT, "s")
        add_legend(figure, signs, columns=len(signs))
    return figure


def _draw(axis: Axes, rows: pd.DataFrame, marker: str, colour: str, alpha: float = 1) -> None:
    axis.plot(rows["params_m"], rows["miou"], marker, color=colour, alpha=alpha, ms=4.5, lw=1.4)


def _label_axes(axis: Axes, title: str) -> None:
    axis.set_title(title)
    set_log_scale(axis)
    axis.margins(x=0.25, y=0.12)
    axis.xaxis.set_minor_locator(mpl.ticker.NullLocator())
    axis.set_xlabel("parameters, M")
    axis.set_ylabel("clean mIoU, percent")


def _write_names(axis: Axes, rows: pd.DataFrame) -> None:
    """Write each row's model next to its point, moved down if it would overlap the one above."""
    low, high = axis.get_ylim()
    gap, above = 0.033 * (high - low), float("inf")
    for row in rows.sort_values("miou", ascending=False).to_dict("records"):
        above = min(row["miou"], above - gap)
        name = _write(axis, plain(row["model"]), (row["params_m"], above), (6, -3))
        name.set(color=SOFT)


def _write(
    axis: Axes, text: str, point: tuple[float, float], offset: tuple[float, float]
) -> Annotation:
    """Write a text next to a point, at an offset in typographic points."""
    return axis.annotate(text, point, offset, textcoords="offset points", fontsize=7.5)
