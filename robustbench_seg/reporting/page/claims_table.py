"""Claims of papers, beside the published table and what was measured here."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from robustbench_seg.reporting.html.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.literature.claims import TABLE, claims
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.text import number


def claims_table(panel: Panel) -> Table | None:
    """Return the claims and, where a claim's model was measured on all its images, its number here.

    A gain is over the least robust of the other measured models. None if the panel does not show
    the published table that they are about.
    """
    if TABLE not in panel.published.sources:
        return None
    columns = [
        Column("claim"),
        Column("paper", text=True),
        Column("claimed, %"),
        Column("recomputed, %"),
        Column("from", "the row of the published table that gives it", text=True),
        Column(
            "rows that match",
            "the rows that give the claimed number, rounded as it is",
            text=True,
        ),
    ]
    records = claims().to_dict("records")
    measured = [_measured(panel, claim) for claim in records]
    is_measured = not all(map(math.isnan, measured))
    if is_measured:
        columns.append(Column("measured here, %", "the same number of the same model"))
    rows = []
    for claim, here in zip(records, measured, strict=True):
        rows.append(
            TableRow(
                [
                    Cell(claim["claim"]),
                    Cell(claim["paper"], classes="text"),
                    Cell(number(claim["claimed"])),
                    Cell(number(claim["recomputed"])),
                    Cell(claim["best_row"], classes="text"),
                    Cell(claim["rows_matching"] or "no row", classes="text"),
                    *([Cell(number(here))] if is_measured else []),
                ]
            )
        )
    if not any(row.cells[-1].text for row in rows):  # no model is complete
        columns, rows = columns[:-1], [TableRow(row.cells[:-1]) for row in rows]
    return Table("Claims of papers on Cityscapes-C, recomputed from the table.", columns, rows)


def _measured(panel: Panel, claim: Mapping[Hashable, Any]) -> float:
    """What the claim says, of its model as measured in the panel; nan where it was not.

    The panel has to rank the published rows: then both are of the same images.
    """
    rows = panel.complete.assign(model=panel.complete["model"].str.lower()).set_index("model")
    if panel.published.ranked.empty or claim["model"].lower() not in rows.index:
        return math.nan
    scores = rows[claim["score"]].astype(float)
    own = float(scores[claim["model"].lower()])
    if claim["kind"] == "score":
        return own
    others = scores.drop(claim["model"].lower())
    if others.empty or (others <= 0).any():
        return math.nan
    return 100 * (own / float(others.min()) - 1)
