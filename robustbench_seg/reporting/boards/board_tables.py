"""The tables of a board's page: the ranking, with the data of its script, and the mIoU."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from markupsafe import Markup

from robustbench_seg.reporting.boards.board import Board, Place
from robustbench_seg.reporting.boards.entry import Entry
from robustbench_seg.reporting.boards.ranking_scores import category_key
from robustbench_seg.reporting.html.heat_table import heat_table, value_span
from robustbench_seg.reporting.html.ranking_columns import (
    clean_column,
    mean_column,
    ranking,
    ranking_columns,
)
from robustbench_seg.reporting.html.table import Cell, Column, Table
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.results import CHIEF_COLUMNS, MEASURED, Source


def ranking_table(board: Board, links: Mapping[str, str]) -> Table:
    """Return the ranking by the mean; the script of the page can rank by any score.

    Args:
        board: The board.
        links: The address of the page of each measured model.
    """
    ends = [end for p in board.rankings["mean"] for end in (p.value, p.low, p.high)]
    header = Column(board.scores["mean"].label, "and its 95 % interval")
    columns = ranking_columns(
        board.protocol,
        # The script of the page writes the score that ranks into the second column.
        [mean_column(header, value_span(np.array(ends, np.float64))), clean_column()],
        machine="named on the model's page",
        links=links,
    )
    entries = {entry.name: entry for entry in board.entries}
    published = {row["model"]: row for row in board.published_rows.to_dict("records")}
    places = board.rankings["mean"]
    rows = [
        _measured_row(entries[place.name], board, place)
        if place.is_measured
        else _published_row(published[place.name], board, place)
        for place in places
    ]
    placed = {place.name for place in places if place.is_measured}
    rows += [_measured_row(entry, board) for entry in board.entries if entry.name not in placed]
    return ranking(f"{board.name}: mIoU in percent.", columns, rows)


def ranking_data(board: Board) -> Markup:
    """Return the data for the ranking script of the page, as JSON that is safe inside HTML."""
    scores = [
        {
            "key": score.key,
            "label": score.label,
            "group": score.group,
            "up": score.higher_is_better,
            "digits": score.digits,
            "rows": {
                place.name: [place.rank, *map(_rounded, (place.value, place.low, place.high))]
                for place in board.rankings[score.key]
            },
        }
        for score in board.scores.values()
    ]
    text = json.dumps(scores, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def perturbation_table(board: Board, links: Mapping[str, str]) -> Table:
    """Return the mIoU of each model under each perturbation, coloured by value."""

    def header(name: str, source: Source) -> Cell:
        return Cell(name, tag=None if source == MEASURED else source, href=links.get(name))

    return heat_table(board.miou, board.protocol, board.name, header)


def _measured_row(entry: Entry, board: Board, place: Place | None = None) -> RankingRow:
    """An entry as a row of the ranking; `place`: its place by the mean, if it has one."""
    missing = "; ".join(f"{name}: {what}" for name, what in entry.scores.missing.items())
    return RankingRow(
        rank=place.rank if place else "",
        name=entry.name,
        scores={key: entry.value(key) for key in CHIEF_COLUMNS},
        categories={name: entry.value(category_key(name)) for name in board.protocol.by_category},
        limits={"mean": (place.low, place.high)} if place else {},
        model=entry,
        missing=None if place else missing,
    )


def _published_row(cells: Mapping[Any, Any], board: Board, place: Place) -> RankingRow:
    return RankingRow(
        rank=place.rank,
        name=place.name,
        scores={key: float(cells[key]) for key in CHIEF_COLUMNS},
        categories={name: cells[category_key(name)] for name in board.protocol.by_category},
    )


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 3)
