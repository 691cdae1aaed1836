"""The ranking of a report and of a leaderboard as a table: its columns, and their cells."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.table import Bar, Cell, Column, Table, TableRow
from robustbench_seg.reporting.ranking.ranking_row import RankingRow
from robustbench_seg.reporting.ranking.score_text import interval_text
from robustbench_seg.text import number


@dataclass(frozen=True)
class RankingColumn:
    """A column of a ranking.

    Attributes:
        header: Its header.
        cell: Returns the cell of a row.
    """

    header: Column
    cell: Callable[[RankingRow], Cell]


def ranking_columns(
    protocol: Protocol,
    chief: Sequence[RankingColumn],
    *,
    machine: str,
    further: Sequence[RankingColumn] = (),
    links: Mapping[str, str] | None = None,
) -> tuple[RankingColumn, ...]:
    """Return the columns of a ranking. To add a column to both pages, add it here.

    Args:
        protocol: The protocol.
        chief: The columns of clean and the mean, in the order of the page.
        machine: A text about the place where the page names the machine of the speed.
        further: Columns of only one page, such as CD.
        links: The address of the page of each measured model. None: there are no such pages.
    """
    return (
        RankingColumn(Column("model"), lambda row: _name_cell(row, links)),
        *chief,
        score_column("retention", Column("retention", "mean / clean, percent")),
        *(_category_column(name, protocol.noun) for name in protocol.by_category),
        *further,
        RankingColumn(Column("params, M", "parameters, in millions"), _parameters_cell),
        RankingColumn(
            Column(
                "GMAC",
                "10^9 multiply-accumulates for one image, at the size at which the network sees it",
            ),
            _macs_cell,
        ),
        RankingColumn(
            Column("images/s", f"from image to labels, on the machine {machine}"), _speed_cell
        ),
    )


def clean_column() -> RankingColumn:
    """Return the column of the clean score."""
    return score_column(CLEAN.name, Column("clean"))


def mean_column(header: Column, span: tuple[float, float]) -> RankingColumn:
    """Return the column of the mean, with its interval as a bar.

    Args:
        header: The header.
        span: The values in percent at both ends of a bar's track.
    """
    return RankingColumn(replace(header, is_left_aligned=True), lambda row: _mean_cell(row, span))


def score_column(key: str, header: Column) -> RankingColumn:
    """Return the column of a score, with its interval on hover if a row has one.

    Args:
        key: The score's key in `RankingRow.scores`.
        header: The header.
    """

    def cell(row: RankingRow) -> Cell:
        title = interval_text(*row.limits.get(key, (math.nan, math.nan)))
        return Cell(number(row.scores.get(key, math.nan)), title=title or None)

    return RankingColumn(header, cell)


def ranking(caption: str, columns: Sequence[RankingColumn], rows: Sequence[RankingRow]) -> Table:
    """Return a ranking without the columns in which no row has a value.

    Args:
        caption: The caption.
        columns: Its columns.
        rows: Its rows, the most robust first.
    """
    cells = [[column.cell(row) for row in rows] for column in columns]
    shown = [n for n, each in enumerate(cells) if any(cell.text for cell in each)]
    lines = [
        TableRow([cells[n][place] for n in shown], kind=row.source)
        for place, row in enumerate(rows)
    ]
    return Table(caption, [columns[n].header for n in shown], lines)


def _category_column(name: str, noun: str) -> RankingColumn:
    header = Column(name, f"mean over the {name} {noun}s")
    return RankingColumn(header, lambda row: Cell(number(row.categories[name])))


def _name_cell(row: RankingRow, links: Mapping[str, str] | None) -> Cell:
    rank = row.rank or "–"
    if row.model is None:
        return Cell(row.name, row.name, rank=rank, tag=row.source)
    href = links[row.name] if links else None
    return Cell(row.name, row.name, rank=rank, tag=row.model.tag, href=href)


def _mean_cell(row: RankingRow, span: tuple[float, float]) -> Cell:
    if row.missing is not None:
        return Cell("incomplete", title=row.missing or None, classes="score")
    mean = row.scores["mean"]
    limits = row.limits.get("mean")
    if limits is None or math.isnan(limits[0]):
        return Cell(number(mean), classes="score")
    bar = Bar.of(mean, limits, span)
    text, title = number(mean), interval_text(*limits)
    return Cell(text, sort=text, title=title, classes="score", bar=bar)


def _parameters_cell(row: RankingRow) -> Cell:
    parameters = row.model.parameters if row.model else None
    return Cell("" if parameters is None else number(parameters / 1e6))


def _macs_cell(row: RankingRow) -> Cell:
    return Cell(number(row.model.gmacs) if row.model else "")


def _speed_cell(row: RankingRow) -> Cell:
    if row.model is None or math.isnan(row.model.speed):
        return Cell("")
    return Cell(f"{row.model.speed:.3g}")
