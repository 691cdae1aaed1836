"""The ranking of a report and of a leaderboard: its columns, and the rows that fill them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.html.table import Bar, Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels.interval_text import interval_text
from robustbench_seg.text import number


@dataclass(frozen=True)
class RankingRow:
    """A row of a ranking, measured or published.

    Attributes:
        name: The model's name.
        rank: Such as "1" or "2="; empty without a mean.
        source: Whether it is measured or published.
        scores: Maps clean, mean, retention and the keys of further columns to a score; nan: the
            row has none.
        categories: The mean over the perturbations of each category; nan: the row has none.
        limits: Maps keys of `scores` to the ends of the score's 95 % interval.
        parameters: Number of parameters of the network, if known.
        macs: Multiply-accumulates for one image, if known.
        speed: Images per second, if known.
        tag: Small text behind the name.
        href: Where the page of the model lies.
        missing: What the model lacks for a mean; None if it has one.
    """

    name: str
    rank: str
    source: Literal["measured", "published"]
    scores: Mapping[str, float]
    categories: Mapping[str, float]
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    parameters: int | None = None
    macs: int | None = None
    speed: float | None = None
    tag: str | None = None
    href: str | None = None
    missing: str | None = None


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
) -> tuple[RankingColumn, ...]:
    """Return the columns of a ranking. To add a column to both pages, add it here.

    Args:
        protocol: The protocol.
        chief: Clean and the mean, in the order of the page.
        machine: Where the page names the machine of the speed.
        further: Columns of one page alone, such as CD.
    """
    return (
        RankingColumn(Column("model"), _name_cell),
        *chief,
        score_column("retention", Column("retention", "mean / clean, percent")),
        *(_category_column(name, protocol.noun) for name in protocol.by_category),
        *further,
        RankingColumn(Column("params, M", "parameters, in millions"), _parameters_cell),
        RankingColumn(
            Column(
                "GMAC", "10^9 multiply-accumulates for one image, as it goes through the network"
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
    return RankingColumn(header, lambda row: _mean_cell(row, span))


def score_column(key: str, header: Column) -> RankingColumn:
    """Return the column of a score, with its interval on hover where a row has one.

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
        caption: What the table shows.
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


def model_tag(record: RunRecord, trainings: int, seeds: int = 1) -> str | None:
    """Return what stands behind a model's name; None if there is nothing to say.

    Args:
        record: The run.json of its first run.
        trainings: Number of trainings that its scores average over.
        seeds: Number of seeds of the corruptions.
    """
    tags = [f"{trainings} trainings"] if trainings > 1 else []
    tags += [f"{seeds} seeds"] if seeds > 1 else []
    training = record.about.training
    if training and training.augment:
        tags.append(f"trained with {training.augment}")
    return ", ".join(tags) or None


def _category_column(name: str, noun: str) -> RankingColumn:
    header = Column(name, f"mean over the {name} {noun}s")
    return RankingColumn(header, lambda row: Cell(number(row.categories[name])))


def _name_cell(row: RankingRow) -> Cell:
    tag = row.tag if row.source == "measured" else row.source
    return Cell(row.name, row.name, rank=row.rank or "–", tag=tag, href=row.href)


def _mean_cell(row: RankingRow, span: tuple[float, float]) -> Cell:
    if row.missing is not None:
        return Cell("incomplete", title=row.missing or None, classes="score")
    mean = row.scores["mean"]
    limits = row.limits.get("mean")
    if limits is None or math.isnan(limits[0]):
        return Cell(number(mean), classes="score")
    bar = Bar.of(mean, limits, span)
    return Cell(number(mean), title=interval_text(*limits), classes="score", bar=bar)


def _parameters_cell(row: RankingRow) -> Cell:
    return Cell("" if row.parameters is None else number(row.parameters / 1e6))


def _macs_cell(row: RankingRow) -> Cell:
    return Cell("" if row.macs is None else number(row.macs / 1e9))


def _speed_cell(row: RankingRow) -> Cell:
    return Cell("" if row.speed is None else f"{row.speed:.3g}")
