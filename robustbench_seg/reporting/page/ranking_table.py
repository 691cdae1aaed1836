"""The ranking: each column is a header and a function of the row that gives its cell."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from robustbench_seg.measures import MEASURES, ScoreInfo
from robustbench_seg.reporting.html.table import Bar, Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels import Panel, PanelRow, RankedRow
from robustbench_seg.reporting.panels.interval_text import interval_text
from robustbench_seg.results import RANKED
from robustbench_seg.text import counted, number


@dataclass(frozen=True)
class RankingColumn:
    """A column of the ranking.

    Attributes:
        header: Its header.
        cell: Gives the cell of a row.
    """

    header: Column
    cell: Callable[[RankedRow], Cell]


def ranking_columns(panel: Panel) -> tuple[RankingColumn, ...]:
    """Return the columns of a panel's ranking. To add a column to the page, add it here."""
    averaged = panel.protocol.averaged_names
    mean = f"mean of {len(averaged)}" if len(averaged) > 1 else f"mean of {panel.protocol.over}"
    return (
        RankingColumn(Column("model"), _name_cell),
        RankingColumn(Column("clean"), lambda row: Cell(number(row.cells["clean"]))),
        RankingColumn(
            Column(
                mean,
                f"mean over the {panel.protocol.noun}s, and its 95 % interval",
            ),
            lambda row: _mean_cell(row, panel.mean_span),
        ),
        RankingColumn(
            Column("retention", "mean / clean, percent"),
            lambda row: Cell(number(row.cells["retention"])),
        ),
        *(
            _category_column(category, panel.protocol.noun)
            for category in panel.category_means.columns
        ),
        *(_degradation_column(name, panel.reference) for name in ("CD", "rCD") if panel.reference),
        *(_score_column(info, panel.protocol.over) for info in other_scores(panel)),
        RankingColumn(Column("params, M", "parameters, in millions"), _parameters_cell),
        RankingColumn(
            Column(
                "GMAC", "10^9 multiply-accumulates for one image, as it goes through the network"
            ),
            _macs_cell,
        ),
        RankingColumn(
            Column("images/s", "from image to labels, on the machine that the provenance names"),
            _speed_cell,
        ),
    )


def ranking_table(panel: Panel) -> Table:
    """Return the ranking, the most robust first, without columns in which no row has a value."""
    columns = []
    for column in ranking_columns(panel):
        cells = [column.cell(row) for row in panel.ranking]
        if any(cell.text for cell in cells):
            columns.append((column.header, cells))
    rows = [
        TableRow([cells[place] for _, cells in columns], kind=row.source)
        for place, row in enumerate(panel.ranking)
    ]
    caption = f"{panel.name}: mIoU in percent, most robust first."
    headers = [header for header, _ in columns]
    return Table(caption, headers, rows, note=_note(panel, [header.name for header in headers]))


def other_scores(panel: Panel) -> list[ScoreInfo]:
    """Return the further scores that at least one model has a mean of."""
    return [
        info
        for measure in MEASURES
        for info in measure.infos
        if info.name != RANKED
        and info.section == "ranking"
        and any(
            not math.isnan(row.scores.by_name[info.name].summary.mean[0]) for row in panel.measured
        )
    ]


def row_tag(row: PanelRow) -> str | None:
    """Return what stands behind a model's name: its trainings and augmentation, if any."""
    tags = [f"{row.scores.trainings} trainings"] if row.scores.trainings > 1 else []
    tags += [f"{len(row.model.seeds)} seeds"] if len(row.model.seeds) > 1 else []
    training = row.record.about.training
    if training and training.augment:
        tags.append(f"trained with {training.augment}")
    return ", ".join(tags) or None


def _category_column(category: str, noun: str) -> RankingColumn:
    header = Column(category, f"mean over the {category} {noun}s")
    return RankingColumn(header, lambda row: Cell(number(row.categories[category])))


def _degradation_column(name: str, reference: str | None) -> RankingColumn:
    """CD or rCD; the interval on hover."""

    def cell(row: RankedRow) -> Cell:
        title = interval_text(row.degradation[f"{name}_low"], row.degradation[f"{name}_high"])
        return Cell(number(row.degradation[name]), title=title or None)

    return RankingColumn(Column(f"{name}, %", f"against {reference}"), cell)


def _score_column(info: ScoreInfo, over: str) -> RankingColumn:
    """Return the mean of a score over what the protocol averages, with its interval on hover."""

    def cell(row: RankedRow) -> Cell:
        if row.measured is None:
            return Cell("")
        draws = row.measured.scores.by_name[info.name].summary.mean
        title = interval_text(*row.measured.limits(draws))
        return Cell(number(float(draws[0])), title=title or None)

    return RankingColumn(Column(info.label, f"{info.definition} Mean over {over}."), cell)


def _name_cell(row: RankedRow) -> Cell:
    tag = row_tag(row.measured) if row.measured else row.source
    return Cell(row.name, row.name, rank=row.rank or "–", tag=tag)


def _mean_cell(row: RankedRow, span: tuple[float, float]) -> Cell:
    mean = row.cells["mean"]
    limits = row.measured.limits(row.measured.scores.mean) if row.measured else None
    if limits is None or math.isnan(limits[0]):
        return Cell(number(mean), classes="mean")
    bar = Bar.of(mean, limits, span)
    return Cell(number(mean), title=interval_text(*limits), classes="mean", bar=bar)


def _parameters_cell(row: RankedRow) -> Cell:
    count = row.measured.parameters if row.measured else None
    return Cell("" if count is None else number(count / 1e6))


def _macs_cell(row: RankedRow) -> Cell:
    count = row.measured.macs if row.measured else None
    return Cell("" if count is None else number(count / 1e9))


def _speed_cell(row: RankedRow) -> Cell:
    seconds = row.measured.seconds if row.measured else None
    return Cell("" if seconds is None else f"{1 / seconds:.3g}")


def _note(panel: Panel, shown: Sequence[str]) -> str:
    """The note below the ranking; `shown`: its columns."""
    protocol = panel.protocol
    counts = Counter(spec.scored_text for spec in protocol.perturbations if spec.averaged)
    averaged = [
        f"{counted(count, protocol.noun)} at severities {severities}"
        for severities, count in counts.items()
    ]
    note = f"Mean: unweighted, over {', '.join(averaged)}."
    if shown_only := [spec.name for spec in protocol.perturbations if not spec.averaged]:
        note += f" Not in the mean: {', '.join(shown_only)}."
    limits = [row.limits(row.scores.mean) for row in panel.measured]
    if not all(math.isnan(low) for low, _ in limits):
        note += f" The bar is the 95 % interval from a bootstrap over {panel.sampling_unit}."
    if any("=" in rank for rank in panel.ranks):
        note += " A place with = is shared: the difference from its first model is not established."
    related = [name for name in ("CD", "rCD") if f"{name}, %" in shown]
    if related:
        note += f" {' and '.join(related)}: against {panel.reference}."
    if panel.reference and "rCD" not in related:
        note += f" No rCD: {panel.reference} loses less than a point, or has not every score."
    return note
