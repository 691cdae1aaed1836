"""What papers say of Cityscapes-C, recomputed from the table they say it of."""

import math
from collections.abc import Mapping

import pandas as pd

from robustbench_seg.reporting.literature.published import cityscapes_c
from robustbench_seg.reporting.page.views import Cell, Column, Row, Table, number
from robustbench_seg.reporting.panels import Panel

OURS = "SegFormer-B5"
PAPER = "SegFormer, arXiv 2105.15203"
LATER = "STL, arXiv 2401.03844, Table 4"

_GAINS = {"gaussian_noise": 588.0, "snow": 295.0}
_SCORES = {"mean": 65.8, "retention": 79.9}


def claims() -> pd.DataFrame:
    """Published claims beside what the published table gives, a row each.

    Columns: claim; by (whose); says (as printed, percent); recomputed (percent; of a gain the
    largest there is); of (the row that gives it); right_for (the rows that give what the paper
    says, when rounded as it is; empty: none does).

    A gain is relative: 100 * (mIoU of SegFormer-B5 / mIoU of the other row - 1).
    """
    records = []
    for name, says in _GAINS.items():
        scores = _column(name)
        gains = {
            model: 100 * (scores[OURS] / score - 1)
            for model, score in scores.items()
            if model != OURS
        }
        most = max(gains, key=gains.__getitem__)
        records.append(
            {
                "claim": f"gain of {OURS} on {name.replace('_', ' ')}, up to",
                "by": PAPER,
                "says": says,
                "recomputed": gains[most],
                "of": most,
                "right_for": ", ".join(model for model in gains if round(gains[model]) == says),
            }
        )
    for name, says in _SCORES.items():
        score = _column(name)[OURS]
        records.append(
            {
                "claim": f"{name} of {OURS}",
                "by": LATER,
                "says": says,
                "recomputed": score,
                "of": OURS,
                "right_for": OURS if round(score, 1) == says else "",
            }
        )
    return pd.DataFrame(records)


def claims_table(panel: Panel) -> Table:
    """The claims, and what the same figure is among the panel's measured models.

    There, the most robust model stands where SegFormer-B5 does.
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
    for score, claim in zip([*_GAINS, *_SCORES], claims().to_dict("records"), strict=True):
        texts = [claim["by"], claim["of"], claim["right_for"] or "no row"]
        by, of, right = (Cell(text, classes="text") for text in texts)
        numbers = [claim["says"], claim["recomputed"], _here(panel, score)]
        says, recomputed, here = (Cell(number(value)) for value in numbers)
        rows.append(Row([Cell(claim["claim"]), by, says, recomputed, of, right, here]))
    return Table("What papers say of Cityscapes-C, recomputed from the table.", columns, rows)


def _here(panel: Panel, score: str) -> float:
    """What a claim says of SegFormer-B5, of the panel's most robust model; nan where it cannot."""
    rows = panel.complete
    if rows.empty:
        return math.nan
    best = float(rows.iloc[0][score])
    if score not in _GAINS:
        return best
    others = rows.iloc[1:][score].astype(float)
    return (
        100 * (best / float(others.min()) - 1) if (others > 0).all() and len(others) else math.nan
    )


def _column(name: str) -> Mapping[str, float]:
    """One column of the published table, by model."""
    table = cityscapes_c()
    return dict(zip(table["model"], table[name].astype(float), strict=True))
