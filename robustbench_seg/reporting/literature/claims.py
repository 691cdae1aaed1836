"""What papers say of Cityscapes-C, recomputed from the table they say it of."""

import math
from collections.abc import Mapping

import pandas as pd

from robustbench_seg.reporting.literature.published import cityscapes_c, published_table
from robustbench_seg.reporting.page.views import Cell, Column, Table, TableRow, number
from robustbench_seg.reporting.panels import Panel


def claims() -> pd.DataFrame:
    """Published claims (reports/published/claims.csv) beside what the published table gives.

    Columns: claim; by (whose); says (as printed, percent); recomputed (percent; of a gain the
    largest there is); of (the row that gives it); right_for (the rows that give what the paper
    says, when rounded as it is; empty: none does).

    A gain is relative: 100 * (mIoU of the model / mIoU of the other row - 1).
    """
    recomputed = {"gain": _gain, "score": _score}
    rows = published_table("claims").to_dict("records")
    return pd.DataFrame(
        [
            recomputed[row["kind"]](row["model"], row["score"], row["says"], row["by"])
            for row in rows
        ]
    )


def _gain(model: str, score: str, says: float, by: str) -> Mapping[str, object]:
    scores = _column(score)
    gains = {
        other: 100 * (scores[model] / theirs - 1)
        for other, theirs in scores.items()
        if other != model
    }
    most = max(gains, key=gains.__getitem__)
    return {
        "claim": f"gain of {model} on {score.replace('_', ' ')}, up to",
        "by": by,
        "says": says,
        "recomputed": gains[most],
        "of": most,
        "right_for": ", ".join(other for other in gains if round(gains[other]) == says),
    }


def _score(model: str, score: str, says: float, by: str) -> Mapping[str, object]:
    there = _column(score)[model]
    return {
        "claim": f"{score} of {model}",
        "by": by,
        "says": says,
        "recomputed": there,
        "of": model,
        "right_for": model if round(there, 1) == says else "",
    }


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


def _column(name: str) -> Mapping[str, float]:
    """One column of the published table, by model."""
    table = cityscapes_c()
    return dict(zip(table["model"], table[name].astype(float), strict=True))
