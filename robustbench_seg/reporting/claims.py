"""What papers say of Cityscapes-C, recomputed from the table they say it of."""

import pandas as pd

from robustbench_seg.reporting.published import cityscapes_c

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


def _column(name: str) -> dict[str, float]:
    """One column of the published table, by model."""
    table = cityscapes_c()
    return dict(zip(table["model"], table[name].astype(float), strict=True))
