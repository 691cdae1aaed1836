"""The tables and charts of a board's page."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.boards.board import Board, BoardRow
from robustbench_seg.reporting.boards.charts import Point, front, scatter
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.html.heat_table import heat_table, value_span
from robustbench_seg.reporting.html.table import Bar, Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels.interval_text import interval_text
from robustbench_seg.text import number

RANKING_RULE = (
    "Models are sorted by the score. The difference of each pair is tested with a paired bootstrap "
    "over the same images, adjusted with Holm's procedure for all pairs of the board, at a level "
    "of 5 % for all of them together. A model shares a place, marked =, with the first model of "
    "that place unless the first model is established to be better. A shared place does not show "
    "that models are equal: these images do not decide. Published rows have no scores of single "
    "images, so they are not tested and share no place. The 95 % intervals are not adjusted."
)


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
    categories, noun = list(board.protocol.by_category), board.protocol.noun
    columns = [
        Column("model"),
        Column(board.scores["mean"].label, "and its 95 % interval"),
        Column("clean"),
        Column("retention", "mean / clean, percent"),
        *(Column(name, f"mean over the {name} {noun}s") for name in categories),
        Column("params, M", "parameters, in millions"),
        Column("GMAC", "10^9 multiply-accumulates for one image, as it goes through the network"),
        Column("images/s", "from image to labels, on the machine named on the model's page"),
    ]
    entries = {entry.name: entry for entry in board.entries}
    ends = [end for p in board.rankings["mean"] for end in (p.value, p.low, p.high)]
    span = value_span(np.array(ends, np.float64))
    rows = []
    for row in board.rankings["mean"]:
        entry = entries[row.name] if row.is_measured else None
        cells = [
            Cell(
                row.name,
                row.name,
                rank=row.rank,
                tag=_tag(entry),
                href=links[row.name] if entry else None,
            ),
            _score_cell(row, span),
            *(Cell(number(_value(board, row, key))) for key in (CLEAN.name, "retention")),
            *(Cell(number(_value(board, row, f"category {name}"))) for name in categories),
            *_cost_cells(entry),
        ]
        rows.append(TableRow(cells, kind="measured" if entry else "published"))
    ranked = {row.name for row in board.rankings["mean"]}
    for entry in board.entries:
        if entry.name not in ranked:
            missing = "; ".join(f"{name}: {what}" for name, what in entry.scores.missing.items())
            name = entry.name
            cells = [Cell(name, name, rank="–", tag=_tag(entry), href=links[name])]
            cells.append(Cell("incomplete", title=missing or None, classes="score"))
            cells += [Cell(number(entry.value(key))) for key in (CLEAN.name, "retention")]
            cells += [Cell(number(entry.value(f"category {name}"))) for name in categories]
            rows.append(TableRow([*cells, *_cost_cells(entry)], kind="measured"))
    shown = [n for n in range(len(columns)) if n < 2 or any(row.cells[n].text for row in rows)]
    rows = [TableRow([row.cells[n] for n in shown], kind=row.kind) for row in rows]
    return Table(f"{board.name}: mIoU in percent.", [columns[n] for n in shown], rows)


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
        f"machine {board.protocol.adjective} and scored the images at the same time."
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


def _value(board: Board, row: BoardRow, key: str) -> float:
    found = next((each for each in board.rankings.get(key, ()) if each.name == row.name), None)
    return found.value if found else math.nan


def _tag(entry: Entry | None) -> str | None:
    if entry is None:
        return "published"
    tags = [f"{entry.scores.trainings} trainings"] if entry.scores.trainings > 1 else []
    training = entry.record.about.training
    if training and training.augment:
        tags.append(f"trained with {training.augment}")
    return ", ".join(tags) or None


def _cost_cells(entry: Entry | None) -> list[Cell]:
    if entry is None:
        return [Cell("")] * 3
    params = entry.record.about.params
    speed = "" if math.isnan(entry.speed) else f"{entry.speed:.3g}"
    return [
        Cell("" if params is None else number(params / 1e6)),
        Cell(number(entry.gmacs)),
        Cell(speed),
    ]


def _score_cell(row: BoardRow, span: tuple[float, float]) -> Cell:
    if math.isnan(row.low):
        return Cell(number(row.value), classes="score")
    bar = Bar.of(row.value, (row.low, row.high), span)
    title = interval_text(row.low, row.high)
    return Cell(number(row.value), title=title, classes="score", bar=bar)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
