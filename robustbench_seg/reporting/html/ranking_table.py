"""The table of a ranking, on the page of a report and of a leaderboard.

Both pages have the columns of this file, in their own order, and may have more. A column takes its
cells from the rows of the ranking.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.table import Bar, Cell, Column, Table, TableRow
from robustbench_seg.reporting.ranking.estimate import Estimate, interval_ends, interval_text
from robustbench_seg.reporting.ranking.ranked_model import Model
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.text import number


@dataclass(frozen=True)
class RankingColumn(Generic[Model]):
    """A column of a ranking.

    Attributes:
        header: Its header.
        cell: Returns the cell of a row.
    """

    header: Column
    cell: Callable[[RankingRow[Model]], Cell]


def ranking_table(
    caption: str, columns: Sequence[RankingColumn[Model]], rows: Sequence[RankingRow[Model]]
) -> Table:
    """Return the table of a ranking, without columns in which no row has a value.

    Args:
        caption: The caption.
        columns: Its columns; the first is `name_column`.
        rows: Its rows, the most robust first.
    """
    cells = [[column.cell(row) for row in rows] for column in columns]
    shown = [n for n, each in enumerate(cells) if any(cell.text for cell in each)]
    lines = [
        TableRow([cells[n][index] for n in shown], css_class=row.source)
        for index, row in enumerate(rows)
    ]
    return Table(caption, [columns[n].header for n in shown], lines)


def name_column(links: Mapping[str, str] | None = None) -> RankingColumn[Model]:
    """Return the column of ranks and names.

    Args:
        links: The address of the page of each measured model. None: there are no such pages.
    """

    def cell(row: RankingRow[Model]) -> Cell:
        rank = row.rank or "–"
        if row.model is None:
            return Cell(row.name, row.name, rank=rank, tag=row.source)
        href = links[row.name] if links else None
        return Cell(row.name, row.name, rank=rank, tag=row.model.tag, href=href)

    return RankingColumn(Column("model"), cell)


def clean_column() -> RankingColumn[Model]:
    """Return the column of the clean score."""
    return score_column(Column("clean"), lambda row: Estimate(row.scores[CLEAN.name]))


def mean_column(header: Column, track: tuple[float, float]) -> RankingColumn[Model]:
    """Return the column of the mean, with its interval as a bar.

    Args:
        header: The header.
        track: The values in percent at both ends of a bar's track.
    """

    def cell(row: RankingRow[Model]) -> Cell:
        text, interval = number(row.scores["mean"]), row.mean_interval
        if math.isnan(interval.low):
            return Cell(text, css_class="score")
        bar = Bar.of(row.scores["mean"], interval, track)
        return Cell(text, sort=text, title=interval_text(*interval), css_class="score", bar=bar)

    return RankingColumn(replace(header, is_left_aligned=True), cell)


def average_columns(protocol: Protocol) -> list[RankingColumn[Model]]:
    """Return the columns of the retention, and of the mean over each category."""
    header = Column("retention", "mean / clean, percent")
    return [
        score_column(header, lambda row: Estimate(row.scores["retention"])),
        *(_category_column(name, protocol.words.noun) for name in protocol.by_category),
    ]


def cost_columns(machine: str) -> list[RankingColumn[Model]]:
    """Return the columns of the size, the cost and the speed of measured models.

    Args:
        machine: Where the page names the machine of the speed, in words.
    """
    macs = "10^9 multiply-accumulates for one image, at the size at which the network sees it"
    speed = f"from image to labels, on the machine {machine}"
    return [
        _model_column(Column("params, M", "parameters, in millions"), _parameters_text),
        _model_column(Column("GMAC", macs), lambda model: number(model.gmacs)),
        _model_column(Column("images/s", speed), _speed_text),
    ]


def score_column(
    header: Column, score: Callable[[RankingRow[Model]], Estimate]
) -> RankingColumn[Model]:
    """Return the column of a score, with its interval if it has one.

    Args:
        header: The header.
        score: Returns the score of a row; nan: it has none.
    """

    def cell(row: RankingRow[Model]) -> Cell:
        estimate = score(row)
        interval = estimate.low, estimate.high
        title, ends = interval_text(*interval), interval_ends(*interval)
        return Cell(number(estimate.value), title=title or None, ends=ends)

    return RankingColumn(header, cell)


def _category_column(name: str, noun: str) -> RankingColumn[Model]:
    header = Column(name, f"mean over the {name} {noun}s")
    return score_column(header, lambda row: Estimate(row.categories[name]))


def _model_column(header: Column, text: Callable[[Model], str]) -> RankingColumn[Model]:
    """The column of a fact about measured models."""
    return RankingColumn(header, lambda row: Cell("" if row.model is None else text(row.model)))


def _parameters_text(model: Model) -> str:
    return "" if model.parameters is None else number(model.parameters / 1e6)


def _speed_text(model: Model) -> str:
    return "" if math.isnan(model.speed) else f"{model.speed:.3g}"
