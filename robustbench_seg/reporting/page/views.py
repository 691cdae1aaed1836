"""Numbers -> the cells a page shows: text, sort key, colour. No HTML here, no numbers made here."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pandas as pd

from robustbench_seg.measures import MEASURES, ScoreInfo
from robustbench_seg.reporting.panels import Measured, Panel, counted
from robustbench_seg.results import RANKED


@dataclass(frozen=True)
class Bar:
    """An interval drawn in a cell: left end, width and centre, in percent of the bar's track."""

    low: str
    width: str
    at: str


@dataclass(frozen=True)
class Cell:
    """One cell. `sort` is what the column sorts by where the text is not it; `value` the number
    that other metrics are computed from.
    """

    text: str
    sort: str | None = None
    value: float | None = None
    title: str | None = None
    style: str | None = None
    classes: str | None = None
    tag: str | None = None
    rank: str | None = None
    bar: Bar | None = None


@dataclass(frozen=True)
class TableRow:
    """One row; the first cell is its header. `kind` is a CSS class."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Column:
    """One column's header; `title` is shown on hover; `group` is what it may be hidden with."""

    name: str
    title: str | None = None
    starts_group: bool = False
    group: str | None = None
    text: bool = False


@dataclass(frozen=True)
class Group:
    """A header over `span` columns; without a name it is a gap."""

    name: str
    span: int


@dataclass(frozen=True)
class Table:
    """A table of the page. `kind` is a CSS class; with a `ramp`, styles of a cell from the lowest
    value to the highest, it can show other metrics, against the row `reference`.
    """

    caption: str
    columns: Sequence[Column]
    rows: Sequence[TableRow]
    note: str = ""
    groups: Sequence[Group] = field(default_factory=tuple)
    kind: str = ""
    ramp: Sequence[str] = ()
    reference: str | None = None


def number(value: float, digits: int = 1) -> str:
    """A number as shown; nothing where there is none."""
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def ranking_table(panel: Panel) -> Table:
    """Clean, mean with its interval, retention, category means, parameters; best first.

    Columns in which no row has a value are left out.
    """
    means = panel.category_means
    count, others = len(panel.protocol.names), other_scores(panel)
    columns = [
        Column("model"),
        Column("clean"),
        Column(f"mean of {count}", "mean over the corruptions, and its 95 % interval"),
        Column("retention", "mean / clean, percent"),
        *(Column(category, f"mean over the {category} corruptions") for category in means.columns),
        *(Column(f"{name}, %", f"against {panel.baseline}") for name in panel.degradation.columns),
        *(
            Column(score.label, f"{score.definition} Mean over the corruptions.")
            for score in others
        ),
        Column("params, M", "parameters, in millions"),
        Column("GMAC", "10^9 multiply-accumulates for one image, as it goes through the network"),
        Column("images/s", "from image to labels, on the machine that the provenance names"),
    ]
    rows = []
    for place, record in enumerate(panel.scores.to_dict("records")):
        model, source = record["model"], record["source"]
        measured = panel.run(model) if source == "measured" else None
        limits = panel.interval(model) if measured else None
        values = [record["retention"], *means.iloc[place], *panel.degradation.iloc[place]]
        rows.append(
            TableRow(
                [
                    Cell(
                        model,
                        model,
                        rank=panel.ranks[place] or "–",
                        tag=tag(panel, model) if measured else source,
                    ),
                    Cell(number(record["clean"])),
                    _mean_cell(record["mean"], limits, panel.mean_span),
                    *(Cell(number(value)) for value in values),
                    *(_other_cell(measured, score) for score in others),
                    *_cost_cells(measured),
                ],
                kind=source,
            )
        )
    shown = [any(row.cells[place].text for row in rows) for place in range(len(columns))]
    columns = [column for column, there in zip(columns, shown, strict=True) if there]
    rows = [
        replace(row, cells=[cell for cell, there in zip(row.cells, shown, strict=True) if there])
        for row in rows
    ]
    return Table(
        f"{panel.name}: mIoU in percent, most robust first.", columns, rows, note=_note(panel)
    )


def other_scores(panel: Panel) -> list[ScoreInfo]:
    """The scores beside the one that ranks, of which some model of a panel has a mean."""
    return [
        score
        for measure in MEASURES
        for score in measure.infos
        if score.name != RANKED
        if any(
            not math.isnan(run.drawn.by_name[score.name].summary.mean[0]) for run in panel.measured
        )
    ]


def _other_cell(measured: Measured | None, score: ScoreInfo) -> Cell:
    """The mean of a score over the corruptions; its interval on hover."""
    if measured is None:
        return Cell("")
    draws = measured.drawn.by_name[score.name].summary.mean
    low, high = measured.limits(draws)
    title = None if math.isnan(low) else f"95 % interval {number(low)} to {number(high)}"
    return Cell(number(draws[0]), title=title)


def tag(panel: Panel, model: str) -> str | None:
    """What is said behind the name of a measured model."""
    trainings = panel.run(model).drawn.trainings
    said = [f"{trainings} trainings"] if trainings > 1 else []
    training = panel.run(model).record.about.training
    augmented = training.augment if training else None
    return ", ".join([*said, *([f"trained with {augmented}"] if augmented else [])]) or None


def _cost_cells(measured: Measured | None) -> list[Cell]:
    """Parameters, operations, images a second; empty where they are not known."""
    if measured is None:
        return [Cell("")] * 3
    params, macs, seconds = measured.parameters, measured.macs, measured.seconds
    return [
        Cell("" if params is None else number(params / 1e6)),
        Cell("" if macs is None else number(macs / 1e9)),
        Cell("" if seconds is None else f"{1 / seconds:.3g}"),
    ]


def _note(panel: Panel) -> str:
    counts = Counter(spec.scored_text for spec in panel.protocol.corruptions)
    spelled = [
        f"{counted([count], 'corruption')} at severities {levels}"
        for levels, count in counts.items()
    ]
    note = f"Mean: unweighted, over {', '.join(spelled)}."
    if any(run.drawn.units > 1 for run in panel.measured):
        note += f" The bar is the 95 % interval from a bootstrap over {panel.drawn_over}."
    if any("=" in rank for rank in panel.ranks):
        note += " A place with = is shared: the difference from its first model is not established."
    if panel.baseline:
        note += f" CD and rCD are against {panel.baseline}."
    return note


def _mean_cell(mean: float, limits: tuple[float, float] | None, span: tuple[float, float]) -> Cell:
    if limits is None or math.isnan(limits[0]):
        return Cell(number(mean), classes="mean")
    low, high = span

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low) if high > low else 50.0

    start, end = map(place, limits)
    bar = Bar(f"{start:.1f}", f"{end - start:.1f}", f"{place(mean):.1f}")
    title = f"95 % interval {number(limits[0])} to {number(limits[1])}"
    return Cell(number(mean), title=title, classes="mean", bar=bar)
