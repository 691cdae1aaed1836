"""Corruption degradation against a reference model, from the cells of a table."""

import numpy as np
import pandas as pd

from robustbench_seg.records.protocol import Protocol
from robustbench_seg.results import cd, rcd


def degradation(scores: pd.DataFrame, protocol: Protocol, reference: str | None) -> pd.DataFrame:
    """Return CD and rCD of each row, averaged over the corruptions; see results.degradation.

    Args:
        scores: Rows with the columns model, source, clean and the corruptions, in percent.
        protocol: Names the corruptions.
        reference: The model that they are relative to; a measured row of the name comes before a
            published one. None: no columns.

    Returns:
        Columns CD and rCD in percent, indexed as `scores`; nan where a cell is missing or the
        reference loses nothing.
    """
    if reference is None:
        return pd.DataFrame(index=scores.index)
    names = list(protocol.names)
    row = scores[scores["model"] == reference].sort_values("source", kind="stable").iloc[0]
    cells, reference_cells = scores[names].to_numpy(float), row[names].to_numpy(float)
    clean, reference_clean = scores[["clean"]].to_numpy(float), np.asarray(row["clean"], float)
    columns = {
        "CD": cd(cells, reference_cells),
        "rCD": rcd(cells, clean, reference_cells, reference_clean),
    }
    means = {name: values.mean(axis=1) for name, values in columns.items()}
    return pd.DataFrame(means, index=scores.index)
