"""Joins the tables of several panels."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.results import CLASS_MAP_COLUMN, MEAN_COLUMNS, RUNS_COLUMN


def joined(tables: Sequence[pd.DataFrame], means: Sequence[str] = MEAN_COLUMNS) -> pd.DataFrame:
    """Return one table, with the means last even if a later protocol has further corruptions.

    Only the runs and, if a row has one, the class map come after them.

    Args:
        tables: The tables, a column for each corruption of their protocols.
        means: The columns of means.
    """
    table = pd.concat(tables, ignore_index=True)
    last = [column for column in (*means, RUNS_COLUMN, CLASS_MAP_COLUMN) if column in table]
    return table[[*table.columns.drop(last), *last]]
