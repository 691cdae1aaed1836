"""What papers claim, beside what the published table gives and what was measured here."""

import math

from robustbench_seg.reporting.literature.claims import claims
from robustbench_seg.reporting.literature.published import published_table
from robustbench_seg.reporting.page.views import Cell, Column, Table, TableRow, number
from robustbench_seg.reporting.panels import Panel


def claims_table(panel: Panel) -> Table:
    """The claims, and what the same figure is among the panel's measured models.

    There, the most robust model stands where the claim's model does.
    """
    columns = [
        Column("claim"),
        Column("by", text=True),
        Column("says, %"),
        Column("recomputed, %"),
        Column("from", "the row of the published table that gives it", text=True),
        Column("right for", "the rows that give what is said, when rounded as it is", text=True),
        Column("measured here, %", "the same of this page's most robust model"),
    ]
    rows = []
    asked = published_table("claims").to_dict("records")
    for row, claim in zip(asked, claims().to_dict("records"), strict=True):
        texts = [claim["by"], claim["of"], claim["right_for"] or "no row"]
        by, of, right = (Cell(text, classes="text") for text in texts)
        numbers = [claim["says"], claim["recomputed"], _here(panel, row["kind"], row["score"])]
        says, recomputed, here = (Cell(number(value)) for value in numbers)
        rows.append(TableRow([Cell(claim["claim"]), by, says, recomputed, of, right, here]))
    return Table("What papers say of Cityscapes-C, recomputed from the table.", columns, rows)


def _here(panel: Panel, kind: str, score: str) -> float:
    """What a claim says of its model, of the panel's most robust one; nan where it cannot."""
    rows = panel.complete
    if rows.empty:
        return math.nan
    best = float(rows.iloc[0][score])
    if kind == "score":
        return best
    others = rows.iloc[1:][score].astype(float)
    return (
        100 * (best / float(others.min()) - 1) if (others > 0).all() and len(others) else math.nan
    )
