"""Claims of papers about Cityscapes-C, recomputed from its published table."""

from collections.abc import Mapping

import pandas as pd

from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.published import published_table

TABLE = "cityscapes_c"
"""Name of the published table that the claims are about."""


def claims() -> pd.DataFrame:
    """Return published claims beside the same numbers computed from the published table.

    The claims are those of `reports/published/claims.csv`. A gain is relative:
    100 * (mIoU of the model / mIoU of another row - 1).

    Returns:
        Columns claim (in words); paper; claimed (percent, as printed); recomputed (percent; of a
        gain the largest); best_row (the row that gives it); rows_matching (the rows that give the
        claimed number when rounded as it is; empty if none does); kind ("gain" or "score"); model
        (that the claim is about); score (a corruption, "mean" or "retention").
    """
    recomputations = {"gain": _gain, "score": _score}
    rows = []
    for row in published_table("claims").to_dict("records"):
        recomputation = recomputations[row["kind"]]
        rows.append(
            {
                **recomputation(row["model"], row["score"], row["claimed"]),
                "paper": row["paper"],
                "claimed": row["claimed"],
                **{name: row[name] for name in ("kind", "model", "score")},
            }
        )
    columns = ["claim", "paper", "claimed", "recomputed", "best_row", "rows_matching"]
    return pd.DataFrame(rows, columns=[*columns, "kind", "model", "score"])


def _gain(model: str, score: str, claimed: float) -> Mapping[str, object]:
    scores = _scores_by_model(score)
    gains = {
        other: 100 * (scores[model] / value - 1)
        for other, value in scores.items()
        if other != model
    }
    best = max(gains, key=gains.__getitem__)
    return {
        "claim": f"gain of {model} on {score.replace('_', ' ')}, up to",
        "recomputed": gains[best],
        "best_row": best,
        "rows_matching": ", ".join(row for row, gain in gains.items() if round(gain) == claimed),
    }


def _score(model: str, score: str, claimed: float) -> Mapping[str, object]:
    value = _scores_by_model(score)[model]
    return {
        "claim": f"{score} of {model}",
        "recomputed": value,
        "best_row": model,
        "rows_matching": model if round(value, 1) == claimed else "",
    }


def _scores_by_model(column: str) -> Mapping[str, float]:
    """One column of the published table."""
    rows = literature()
    rows = rows[rows["source"] == TABLE]
    return dict(zip(rows["model"], rows[column].astype(float), strict=True))
