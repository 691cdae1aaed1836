"""Numbers -> the cells a page shows: text, sort key, colour. No HTML here, no numbers made here."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns

from robustbench_seg.protocol import CLEAN
from robustbench_seg.reporting.figures import HEAT
from robustbench_seg.reporting.panels import Panel


@dataclass(frozen=True)
class Bar:
    """An interval drawn in a cell: left end, width and centre, in percent of the bar's track."""

    low: str
    width: str
    at: str


@dataclass(frozen=True)
class Cell:
    """One cell. `sort` is what the column sorts by where the text is not it."""

    text: str
    sort: str | None = None
    title: str | None = None
    style: str | None = None
    classes: str | None = None
    tag: str | None = None
    rank: str | None = None
    bar: Bar | None = None


@dataclass(frozen=True)
class Row:
    """One row; the first cell is its header. `kind` is a CSS class."""

    cells: Sequence[Cell]
    kind: str = ""


@dataclass(frozen=True)
class Column:
    """One column's header; `title` is shown on hover."""

    name: str
    title: str | None = None
    starts_group: bool = False


@dataclass(frozen=True)
class Group:
    """A header over `span` columns; without a name it is a gap."""

    name: str
    span: int


@dataclass(frozen=True)
class Table:
    """A table of the page. `kind` is a CSS class."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    note: str = ""
    groups: Sequence[Group] = field(default_factory=tuple)
    kind: str = ""
    sortable: bool = True


def number(value: float, digits: int = 1) -> str:
    """A number as shown; nothing where there is none."""
    return "" if pd.isna(value) else f"{value:.{digits}f}"


def ranking_table(panel: Panel) -> Table:
    """Clean, mean with its interval, retention, category means, parameters; best first."""
    means = panel.category_means
    count = len(panel.protocol.names)
    columns = [
        Column("model"),
        Column("clean"),
        Column(f"mean of {count}", "mean over the corruptions, and its 95 % interval"),
        Column("retention", "mean / clean, percent"),
        *(Column(category, f"mean over the {category} corruptions") for category in means.columns),
        *(Column(f"{name}, %", f"against {panel.baseline}") for name in panel.degradation.columns),
        Column("parameters, M"),
    ]
    rows = []
    for place, record in enumerate(panel.scores.to_dict("records")):
        model, source, rank = record["model"], record["source"], panel.ranks[place]
        measured = panel.run(model) if source == "measured" else None
        limits = panel.interval(model) if measured else None
        values = [record["retention"], *means.iloc[place], *panel.degradation.iloc[place]]
        parameters = measured.parameters if measured else None
        rows.append(
            Row(
                [
                    Cell(model, model, rank=str(rank or "–"), tag=None if measured else source),
                    Cell(number(record["clean"])),
                    _mean_cell(record["mean"], limits, panel.mean_span),
                    *(Cell(number(value)) for value in values),
                    Cell("" if parameters is None else f"{parameters / 1e6:.1f}"),
                ],
                kind=source,
            )
        )
    return Table(
        f"{panel.name}: mIoU in percent, most robust first.", columns, rows, note=_note(panel)
    )


def _note(panel: Panel) -> str:
    counts = Counter(spec.scored_text for spec in panel.protocol.corruptions)
    spelled = [f"{count} corruptions at severities {levels}" for levels, count in counts.items()]
    note = (
        f"Mean: unweighted, over {', '.join(spelled)}. The bar is the 95 % interval from a "
        f"bootstrap over {panel.unit}."
    )
    if panel.baseline:
        note += f" CD and rCD are against {panel.baseline}."
    return note


def _mean_cell(mean: float, limits: tuple[float, float] | None, span: tuple[float, float]) -> Cell:
    if limits is None or pd.isna(mean):
        return Cell(number(mean), classes="mean")
    low, high = span

    def place(value: float) -> float:
        return 100 * (value - low) / (high - low) if high > low else 50.0

    start, end = map(place, limits)
    bar = Bar(f"{start:.1f}", f"{end - start:.1f}", f"{place(mean):.1f}")
    title = f"95 % interval {number(limits[0])} to {number(limits[1])}"
    return Cell(number(mean), title=title, classes="mean", bar=bar)


def wide_table(scores: pd.DataFrame, panel: Panel, caption: str) -> Table:
    """Model x (clean, corruptions grouped by category), heat-coloured.

    scores: rows of tables/miou.csv, the panel's own or published ones
    """
    protocol = panel.protocol
    columns = [Column("model"), Column("clean")]
    groups, names, starts = [Group("", 2)], [], set()
    for category in protocol.categories:
        specs = [spec for spec in protocol.corruptions if spec.category == category]
        groups.append(Group(category, len(specs)))
        names += [spec.name for spec in specs]
        starts.add(specs[0].name)
        for spec in specs:
            title = f"mean over severities {', '.join(map(str, spec.scored))}"
            columns.append(Column(spec.name.replace("_", " "), title, spec.name in starts))
    values = scores[["clean", *names]].to_numpy(float)
    values = values[~np.isnan(values)]
    span = (float(values.min()), float(values.max())) if values.size else (0.0, 100.0)
    rows = []
    for record in scores.to_dict("records"):
        model, source = record["model"], record["source"]
        measured = source == "measured"
        cells = [Cell(model, tag=None if measured else source)]
        for name in ("clean", *names):
            why = panel.why(model, name) if measured else None
            cells.append(_heat(record[name], span, why, name in starts))
        rows.append(Row(cells, kind=source))
    return Table(caption, columns, rows, groups=groups, kind="heat")


def _heat(value: float, span: tuple[float, float], why: str | None, starts: bool) -> Cell:
    classes = "starts" if starts else None
    if math.isnan(value):
        return Cell("", title=why, classes=f"{classes or ''} empty".strip())
    low, high = span
    share = 0.5 if high <= low else (value - low) / (high - low)
    return Cell(number(value), style=heat_style(share), classes=classes)


def heat_style(share: float) -> str:
    """Background for a share in 0..1, and black or white text, whichever is easier to read."""
    red, green, blue = sns.color_palette(HEAT, as_cmap=True)(share)[:3]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    # WCAG 2 contrast is (L1 + .05) / (L2 + .05); the two texts are equal at L = sqrt(1.05*.05)-.05.
    text = "#000" if luminance > 0.1791 else "#fff"
    return f"background:{mpl.colors.to_hex((red, green, blue))};color:{text}"


def class_table(panel: Panel) -> Table:
    """Class x (each model's clean IoU, mean over the corruptions, and the loss)."""
    groups, columns = [Group("", 1)], [Column("class")]
    for run in panel.measured:
        groups.append(Group(run.model, 3))
        columns += [
            Column("clean", starts_group=True),
            Column("corrupted", "mean over the corruptions"),
            Column("loss", "clean - corrupted, in points"),
        ]
    grids = [panel.class_grid(run.model) for run in panel.measured]
    cleans = [grid[CLEAN.corruption].to_numpy(float) for grid in grids]
    means = [grid.drop(columns=CLEAN.corruption).to_numpy(float).mean(axis=1) for grid in grids]
    rows = []
    for place, name in enumerate(panel.classes):
        cells = [Cell(name)]
        for clean, mean in zip(cleans, means, strict=True):
            cells.append(Cell(number(clean[place]), classes="starts"))
            cells += [Cell(number(mean[place])), Cell(number(clean[place] - mean[place]))]
        rows.append(Row(cells))
    note = "IoU in percent. A class that occurs nowhere has no score."
    return Table(f"{panel.name}: classes.", columns, rows, note=note, groups=groups)
