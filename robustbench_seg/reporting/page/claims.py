"""Claims of papers, beside the published table and what was measured here."""

import math

from robustbench_seg.reporting.literature.claims import claims
from robustbench_seg.reporting.page.table import Cell, Column, Table, TableRow
from robustbench_seg.reporting.panels import Panel
from robustbench_seg.text import number


def claims_table(panel: Panel) -> Table:
    """Return the claims, and the same numbers of the panel's measured models.

    There, the most robust model takes the place of the claim's model.
    """
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
        Column("measured here, %", "the same of this page's most robust model"),
    ]
    rows = []
    for claim in claims().to_dict("records"):
        here = _measured(panel, claim["kind"], claim["score"])
        rows.append(
            TableRow(
                [
                    Cell(claim["claim"]),
                    Cell(claim["paper"], classes="text"),
                    Cell(number(claim["claimed"])),
                    Cell(number(claim["recomputed"])),
                    Cell(claim["best_row"], classes="text"),
                    Cell(claim["rows_matching"] or "no row", classes="text"),
                    Cell(number(here)),
                ]
            )
        )
    if not any(row.cells[-1].text for row in rows):  # no model is complete
        columns, rows = columns[:-1], [TableRow(row.cells[:-1]) for row in rows]
    return Table("Claims of papers on Cityscapes-C, recomputed from the table.", columns, rows)


def _measured(panel: Panel, kind: str, score: str) -> float:
    """The number that a claim is about, of the panel's most robust model; nan without one."""
    rows = panel.complete
    if rows.empty:
        return math.nan
    best = float(rows.iloc[0][score])
    if kind == "score":
        return best
    others = rows.iloc[1:][score].astype(float)
    if others.empty or (others <= 0).any():
        return math.nan
    return 100 * (best / float(others.min()) - 1)
