"""Joins the tables of several panels."""

from collections.abc import Sequence

import pandas as pd

from robustbench_seg.results import CLASS_MAP_COLUMN, MEAN_COLUMNS


def joined(tables: Sequence[pd.DataFrame], means: Sequence[str] = MEAN_COLUMNS) -> pd.DataFrame:
    """Return one table, with the means last even if a later protocol has further corruptions.

    Only the class map comes after them, if a row has one.

    Args:
        tables: The tables, a column for each corruption of their protocols.
        means: The columns of means.
    """
    table = pd.concat(tables, ignore_index=True)
    last = [column for column in (*means, CLASS_MAP_COLUMN) if column in table]
    return table[[*table.columns.drop(last), *last]]
