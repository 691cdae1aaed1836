"""The table of models x (clean, perturbations by category), coloured by value as in the paper."""

from collections.abc import Callable
from functools import cache

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from numpy.typing import NDArray

from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.figures.style import HEAT, text_colour
from robustbench_seg.reporting.html.table import Cell, Column, ColumnGroup, Table, TableRow
from robustbench_seg.results import Source
from robustbench_seg.text import number

STEPS = 33
"""Number of colours."""


def heat_table(
    scores: pd.DataFrame,
    protocol: Protocol,
    caption: str,
    header: Callable[[str, Source], Cell],
    detailed: Callable[[Cell, str, Source, Perturbation | None], Cell] = lambda cell, *of: cell,
) -> Table:
    """Return rows of tables/miou.csv as a table, with a cell for clean and for each perturbation.

    Args:
        scores: The rows.
        protocol: The protocol with the perturbations and their categories.
        caption: The caption.
        header: Maps (model, source) to the header of the row.
        detailed: Maps (cell, model, source, perturbation or None for clean) to the cell with
            further content.
    """
    by_category = protocol.by_category
    perturbations = [each for group in by_category.values() for each in group]
    columns = [
        Column("model"),
        Column(CLEAN.name),
        *map(_column, [None, *perturbations[:-1]], perturbations),
    ]
    groups = [
        ColumnGroup("", 2),
        *(ColumnGroup(name, len(group)) for name, group in by_category.items()),
    ]
    values = scores[[CLEAN.name, *(each.name for each in perturbations)]].to_numpy(float)
    span = value_span(values)
    rows = []
    for model, source, row in zip(scores["model"], scores["source"], values, strict=True):
        cells = [header(model, source)]
        shown = zip([None, *perturbations], row, columns[1:], strict=True)
        for perturbation, value, column in shown:
            cell = _cell(float(value), span, starts=column.starts_group)
            cells.append(detailed(cell, model, source, perturbation))
        rows.append(TableRow(cells, css_class=source))
    note = f"Scored severities: {protocol.words.scored_text.replace('_', ' ')}."
    return Table(caption, columns, rows, note=note, groups=groups, css_class="heat", ramp=_ramp())


def value_span(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the smallest and the largest value, ignoring nan; 0 and 100 if there is none."""
    known = values[~np.isnan(values)]
    return (float(known.min()), float(known.max())) if known.size else (0.0, 100.0)


def _column(previous: Perturbation | None, perturbation: Perturbation) -> Column:
    """Return the header of a perturbation; it starts a group if `previous` has another category."""
    return Column(
        perturbation.name.replace("_", " "),
        f"mean over severities {', '.join(map(str, perturbation.scored))}",
        starts_group=previous is None or previous.category != perturbation.category,
        category=perturbation.category,
    )


def _cell(value: float, span: tuple[float, float], *, starts: bool) -> Cell:
    """Return the cell of a score, coloured by its share of `span`; `starts`: a category starts."""
    css_class = "starts" if starts else None
    if np.isnan(value):
        return Cell("", css_class=f"{css_class or ''} empty".strip())
    low, high = span
    share = 0.5 if high <= low else (value - low) / (high - low)
    style = _ramp()[round(share * (STEPS - 1))]
    return Cell(number(value), value=value, style=style, css_class=css_class)


@cache
def _ramp() -> tuple[str, ...]:
    """Return the styles of a cell from the lowest value to the highest."""
    return tuple(heat_style(share) for share in np.linspace(0, 1, STEPS))


def heat_style(share: float) -> str:
    """Return the background for a share in 0..1, and its colour of text."""
    colour = sns.color_palette(HEAT, as_cmap=True)(share)[:3]
    return f"background:{mpl.colors.to_hex(colour)};color:{text_colour(colour)}"
