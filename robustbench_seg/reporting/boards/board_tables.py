"""The tables of a board's page: the ranking, with the data of its script, and the mIoU."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from markupsafe import Markup

from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.html.heat_table import heat_table, value_span
from robustbench_seg.reporting.html.ranking_table import (
    RankingColumn,
    average_columns,
    clean_column,
    cost_columns,
    mean_column,
    name_column,
    ranking_table,
)
from robustbench_seg.reporting.html.table import Cell, Column, Table
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.results import MEASURED, Source


def board_ranking(board: Board, links: Mapping[str, str]) -> Table:
    """Return the ranking by the mean; the script of the page can rank by any score.

    Args:
        board: The board.
        links: The address of the page of each measured model.
    """
    columns: list[RankingColumn[Entry]] = [
        name_column(links),
        _mean_column(board),  # the script of the page writes the score that ranks into this column
        clean_column(),
        *average_columns(board.protocol),
        *cost_columns("named on the model's page"),
    ]
    return ranking_table(f"{board.name}: mIoU in percent.", columns, board.ranking)


def _mean_column(board: Board) -> RankingColumn[Entry]:
    """The column of the mean; it names what a model without a mean lacks."""
    ends = [end for each in board.rankings["mean"] for end in (each.value, each.low, each.high)]
    header = Column(board.scores["mean"].label, "and its 95 % interval")
    column: RankingColumn[Entry] = mean_column(header, value_span(np.array(ends, np.float64)))

    def cell(row: RankingRow[Entry]) -> Cell:
        if row.model is None or not math.isnan(row.model.mean):
            return column.cell(row)
        missing = "; ".join(f"{name}: {what}" for name, what in row.model.missing_images.items())
        return Cell("incomplete", title=missing or None, css_class="score")

    return replace(column, cell=cell)


def ranking_data(board: Board) -> Markup:
    """Return the data for the ranking script of the page, as JSON that is safe inside HTML."""
    scores = [
        {
            "key": score.key,
            "label": score.label,
            "group": score.heading,
            "up": score.higher_is_better,
            "digits": score.digits,
            "rows": [
                [s.source, s.name, s.rank, *map(_rounded, (s.value, s.low, s.high))]
                for s in board.rankings[score.key]
            ],
        }
        for score in board.scores.values()
    ]
    text = json.dumps(scores, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def perturbation_table(board: Board, links: Mapping[str, str]) -> Table:
    """Return the mIoU of each model under each perturbation, coloured by value."""

    def header(name: str, source: Source) -> Cell:
        return Cell(name, href=links[name]) if source == MEASURED else Cell(name, tag=source)

    return heat_table(board.miou, board.protocol, board.name, header)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
