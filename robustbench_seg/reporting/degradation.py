"""Corruption degradation against a reference model, from the cells of a table."""

import pandas as pd

from robustbench_seg.protocol import Protocol


def degradation(scores: pd.DataFrame, protocol: Protocol, baseline: str | None) -> pd.DataFrame:
    """CD and rCD in percent, mean over the corruptions; a row for each of `scores`.

    With D = 100 - mIoU, CD of a corruption is D / D of the baseline and rCD is (D - D clean) over
    that of the baseline, each summed over the scored severities (Kamann and Rother, arXiv
    1908.05005; the definition is quoted from memory). A cell is the mean over these severities, so
    the ratio of sums is the ratio of cells. nan where a cell is missing or the baseline loses
    nothing. No columns without a baseline; a measured baseline counts before a published one.
    """
    if baseline is None:
        return pd.DataFrame(index=scores.index)
    names = list(protocol.names)
    rows = scores[scores["model"] == baseline].sort_values("source", kind="stable")
    cells, theirs = scores[names].astype(float), rows.iloc[0][names].astype(float)
    lost = cells.rsub(scores["clean"].astype(float), axis=0)
    their_loss = float(rows.iloc[0]["clean"]) - theirs
    cd = (100 - cells) / (100 - theirs).where(theirs < 100)
    rcd = lost / their_loss.where(their_loss > 0)
    return pd.DataFrame(
        {
            "CD": 100 * cd.mean(axis=1, skipna=False),
            "rCD": 100 * rcd.mean(axis=1, skipna=False),
        }
    )
