"""Corruption degradation against a reference model, from the cells of a table."""

import numpy as np
import pandas as pd

from robustbench_seg.records.protocol import Protocol
from robustbench_seg.results import cd, rcd


def degradation(scores: pd.DataFrame, protocol: Protocol, baseline: str | None) -> pd.DataFrame:
    """CD and rCD in percent, mean over the corruptions; a row for each of `scores`.

    See results.degradation. nan where a cell is missing or the baseline loses nothing. No columns
    without a baseline; a measured baseline counts before a published one.
    """
    if baseline is None:
        return pd.DataFrame(index=scores.index)
    names = list(protocol.names)
    rows = scores[scores["model"] == baseline].sort_values("source", kind="stable")
    cells, theirs = scores[names].to_numpy(float), rows.iloc[0][names].to_numpy(float)
    clean, their_clean = scores[["clean"]].to_numpy(float), np.asarray(rows.iloc[0]["clean"], float)
    lost = {"CD": cd(cells, theirs), "rCD": rcd(cells, clean, theirs, their_clean)}
    means = {name: cells.mean(axis=1) for name, cells in lost.items()}
    return pd.DataFrame(means, index=scores.index)
