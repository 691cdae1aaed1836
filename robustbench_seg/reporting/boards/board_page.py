"""The tables and charts of a board's page."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, BoardRow
from robustbench_seg.reporting.boards.charts import Point, front, scatter
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.html.heat_table import heat_table, value_span
from robustbench_seg.reporting.html.ranking import (
    RankingRow,
    model_tag,
    ranking,
    ranking_columns,
)
from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.text import number

RANKING_RULE = (
    "Models are sorted by the score. The difference of each pair is tested with a paired bootstrap "
    "over the same images, adjusted with Holm's procedure for all pairs of the board, at a level "
    "of 5 % for all of them together. A model shares a place, marked =, with the first model of "
    "that place unless the first model is established to be better. A shared place does not show "
    "that models are equal: these images do not decide. Published rows have no scores of single "
    "images, so they are not tested and share no place. The 95 % intervals are not adjusted."
)

_SCORES = (CLEAN.name, "mean", "retention")


@dataclass(frozen=True)
class CostChart:
    """A chart of scores against a cost."""

    title: str
    caption: str
    svg: Markup


def ranking_table(board: Board, links: Mapping[str, str]) -> Table:
    """Return the ranking by the mean; the script of the page can rank by any score.

    Args:
        board: The board.
        links: Where the page of each measured model lies.
    """
    ends = [end for p in board.rankings["mean"] for end in (p.value, p.low, p.high)]
    columns = ranking_columns(
        board.protocol,
        Column(board.scores["mean"].label, "and its 95 % interval"),
        value_span(np.array(ends, np.float64)),
        machine="named on the model's page",
        mean_first=True,
    )
    entries = {entry.name: entry for entry in board.entries}
    published = {row["model"]: row for row in board.published.ranked.to_dict("records")}
    rows = [
        _measured_row(entries[row.name], board, links, row)
        if row.is_measured
        else _published_row(published[row.name], board, row)
        for row in board.rankings["mean"]
    ]
    ranked = {row.name for row in board.rankings["mean"] if row.is_measured}
    rows += [
        _measured_row(entry, board, links) for entry in board.entries if entry.name not in ranked
    ]
    return ranking(f"{board.name}: mIoU in percent.", columns, rows)


def ranking_data(board: Board) -> Markup:
    """Return the data that the page's script ranks by, as JSON that is safe inside HTML."""
    scores = [
        {
            "key": score.key,
            "label": score.label,
            "group": score.group,
            "up": score.higher_is_better,
            "digits": score.digits,
            "rows": {
                row.name: [row.rank, *(_rounded(v) for v in (row.value, row.low, row.high))]
                for row in board.rankings[score.key]
            },
        }
        for score in board.scores.values()
    ]
    text = json.dumps(scores, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def miou_table(board: Board, links: Mapping[str, str]) -> Table:
    """Return the mIoU of each model under each perturbation, coloured by value."""

    def header(model: str, source: str) -> Cell:
        return Cell(model, tag=None if source == "measured" else source, href=links.get(model))

    return heat_table(board.miou, board.protocol, board.name, header)


def cost_charts(board: Board) -> list[CostChart]:
    """Return charts of the mean against GMAC and images/s, as far as the costs are known."""
    charts = []
    for title, axis, values, more in (
        ("Mean against GMAC", "GMAC per image", _gmacs(board), False),
        ("Mean against speed", "images/s", _speeds(board), True),
    ):
        means = {entry.name: entry.value("mean") for entry in board.entries}
        names = [n for n in values if not math.isnan(values[n]) and not math.isnan(means[n])]
        if not names:
            continue
        best = front({n: -values[n] if more else values[n] for n in names}, means)
        points = [Point(n, values[n], means[n], n in best) for n in names]
        caption = (
            f"The mean over {board.protocol.over} against {axis}. No model is both "
            f"{'faster' if more else 'cheaper'} and better than a model on the line. Hover over a "
            "point to see the model's name."
        )
        charts.append(CostChart(title, caption, scatter(points, axis, more_is_better=more)))
    return charts


def cost_table(board: Board, links: Mapping[str, str]) -> Table | None:
    """Return how far each model is behind the best of its cost, or None if no cost is known."""
    gmacs, speeds = _gmacs(board), _speeds(board)
    means = {entry.name: entry.value("mean") for entry in board.entries}
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
        Column("measured on", text=True),
    ]
    rows = []
    for entry in board.entries:
        name = entry.name
        cells = [
            Cell(name, name, href=links[name]),
            Cell(number(means[name])),
            Cell(number(gmacs[name])),
            Cell(number(_behind(name, gmacs, means))),
            Cell("" if math.isnan(speeds[name]) else f"{speeds[name]:.3g}"),
            Cell(number(_behind(name, slowness, means))),
            Cell(entry.record.hardware, classes="text"),
        ]
        rows.append(TableRow(cells))
    note = (
        "0.0: on the line of the chart. Speeds on different machines are not comparable. The same "
        "machine corrupted and scored the images at the same time."
    )
    return Table(f"{board.name}: mean mIoU in percent against cost.", columns, rows, note=note)


def _behind(name: str, costs: Mapping[str, float], means: Mapping[str, float]) -> float:
    if math.isnan(costs[name]) or math.isnan(means[name]):
        return math.nan
    rivals = [means[n] for n in costs if costs[n] <= costs[name] and not math.isnan(means[n])]
    return max(rivals) - means[name]


def _gmacs(board: Board) -> Mapping[str, float]:
    return {entry.name: entry.gmacs for entry in board.entries}


def _speeds(board: Board) -> Mapping[str, float]:
    return {entry.name: entry.speed for entry in board.entries}


def _measured_row(
    entry: Entry, board: Board, links: Mapping[str, str], ranked: BoardRow | None = None
) -> RankingRow:
    """An entry as a row of the ranking; `ranked`: its place by the mean, if it has one."""
    missing = "; ".join(f"{name}: {what}" for name, what in entry.scores.missing.items())
    return RankingRow(
        entry.name,
        ranked.rank if ranked else "",
        "measured",
        {key: entry.value(key) for key in _SCORES},
        {name: entry.value(f"category {name}") for name in board.protocol.by_category},
        {"mean": (ranked.low, ranked.high)} if ranked else {},
        parameters=entry.record.about.params,
        macs=entry.record.about.macs,
        speed=None if math.isnan(entry.speed) else entry.speed,
        tag=model_tag(entry.record, entry.scores.trainings),
        href=links[entry.name],
        missing=None if ranked else missing,
    )


def _published_row(row: Mapping[Any, Any], board: Board, ranked: BoardRow) -> RankingRow:
    return RankingRow(
        ranked.name,
        ranked.rank,
        "published",
        {key: float(row[key]) for key in _SCORES},
        dict.fromkeys(board.protocol.by_category, math.nan),
    )


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
