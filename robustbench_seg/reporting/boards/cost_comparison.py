"""Scores against cost on a board's page: charts, and a table of the gaps between models."""

import math
from collections.abc import Mapping

from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.scatter_chart import Point, scatter_chart
from robustbench_seg.reporting.html.figure import PageFigure
from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.ranking.pareto import pareto_front
from robustbench_seg.text import number


def cost_charts(board: Board) -> list[PageFigure]:
    """Return charts of the mean against GMAC and images/s, if the costs are known."""
    charts = (
        _chart(board, "Mean against GMAC", "GMAC per image", _gmacs(board)),
        _chart(board, "Mean against speed", "images/s", _speeds(board), more_is_better=True),
    )
    return [chart for chart in charts if chart]


def _chart(
    board: Board,
    title: str,
    axis: str,
    values: Mapping[str, float],
    *,
    more_is_better: bool = False,
) -> PageFigure | None:
    """The chart of the mean against a cost, or None if no model has both.

    Args:
        board: The board.
        title: The title of the chart.
        axis: The cost with its unit.
        values: Maps the name of a model to its cost; nan if it is unknown.
        more_is_better: Whether a larger value is better, as for a speed.
    """
    means = _means(board)
    names = [name for name in values if not math.isnan(values[name] + means[name])]
    if not names:
        return None
    sign = -1 if more_is_better else 1
    front = pareto_front({name: sign * values[name] for name in names}, means)
    points = [Point(name, values[name], means[name], name in front) for name in names]
    caption = (
        f"The mean over {board.protocol.words.over} against {axis}. No model is both "
        f"{'faster' if more_is_better else 'cheaper'} and better than a model on the line. Hover "
        "over a point to see the model's name."
    )
    svg = scatter_chart(points, axis, more_is_better=more_is_better)
    return PageFigure(title, svg, caption)


def cost_gap_table(board: Board, links: Mapping[str, str]) -> Table | None:
    """Return the gap of each model to the best one of its cost, or None if no cost is known."""
    gmacs, speeds, means = _gmacs(board), _speeds(board), _means(board)
    if all(math.isnan(value) for value in (*gmacs.values(), *speeds.values())):
        return None
    slowness = {name: -speed for name, speed in speeds.items()}
    columns = [
        Column("model"),
        Column("mean"),
        Column("GMAC", "10^9 multiply-accumulates for one image"),
        Column("behind at this GMAC", "points behind the best model with at most this many GMAC"),
        Column("images/s", "as measured while the run was evaluated"),
        Column("behind at this speed", "points behind the best model that is at least as fast"),
        Column("measured on", is_left_aligned=True),
    ]
    rows = []
    for entry in board.models:
        name = entry.name
        cells = [
            Cell(name, name, href=links[name]),
            Cell(number(means[name])),
            Cell(number(gmacs[name])),
            Cell(number(_behind(name, gmacs, means))),
            Cell("" if math.isnan(speeds[name]) else f"{speeds[name]:.3g}"),
            Cell(number(_behind(name, slowness, means))),
            Cell(entry.record.hardware, css_class="text"),
        ]
        rows.append(TableRow(cells))
    note = (
        "0.0 means that the model is on the line of the chart. Speeds on different machines are "
        f"not comparable. Each machine also {board.protocol.words.adjective} the images while it "
        "scored them."
    )
    return Table(f"{board.name}: mean mIoU in percent against cost.", columns, rows, note=note)


def _behind(name: str, costs: Mapping[str, float], means: Mapping[str, float]) -> float:
    """The points behind the best model that costs at most as much; nan if one is unknown."""
    if math.isnan(costs[name]) or math.isnan(means[name]):
        return math.nan
    rivals = [means[n] for n in costs if costs[n] <= costs[name] and not math.isnan(means[n])]
    return max(rivals) - means[name]


def _means(board: Board) -> Mapping[str, float]:
    return {entry.name: entry.mean for entry in board.models}


def _gmacs(board: Board) -> Mapping[str, float]:
    return {entry.name: entry.gmacs for entry in board.models}


def _speeds(board: Board) -> Mapping[str, float]:
    return {entry.name: entry.speed for entry in board.models}
