"""What papers say of Cityscapes-C, recomputed from the table they say it of."""

from collections.abc import Mapping

import pandas as pd

from robustbench_seg.reporting.literature.published import cityscapes_c, published_table


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


def _column(name: str) -> Mapping[str, float]:
    """One column of the published table, by model."""
    table = cityscapes_c()
    return dict(zip(table["model"], table[name].astype(float), strict=True))
