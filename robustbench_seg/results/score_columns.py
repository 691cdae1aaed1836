"""The columns of tables of scores."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN

SCORE_COLUMNS = {
    "model": "string",
    "dataset": "string",
    "split": "string",
    "source": "string",
    "protocol": "string",
    "metric": "string",
    "corruption": "string",
    "category": "string",
    "severities": "string",
    "class": "string",
    "value": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "images": "Int64",
    "runs": "string",
}
"""Columns and their dtypes. severities: the averaged ones, such as "1-3"; "0" is clean. runs: see
RUNS_COLUMN."""

Source = Literal["measured", "published"]
"""The values of the column source: scores of runs, or of a published table."""

MEASURED: Source = "measured"
PUBLISHED: Source = "published"

MEAN_COLUMNS = ("mean", "retention")
"""The columns of the averages over a protocol, which follow its corruptions."""

CHIEF_COLUMNS = (CLEAN.name, *MEAN_COLUMNS)
"""The score columns of every table of models, under any protocol."""

RUNS_COLUMN = "runs"
"""The last column of tables of scores: the names of the run folders of a row, see `runs_text`.

It distinguishes rows of one model on other images. Published rows have none.
"""

CLASS_MAP_COLUMN = "class_map"
"""The column after RUNS_COLUMN, if any row has a class map."""


def miou_columns(protocol: Protocol) -> tuple[str, ...]:
    """Return the score columns of tables/miou.csv, in their order.

    Args:
        protocol: The protocol of its rows.
    """
    return CLEAN.name, *protocol.names, *MEAN_COLUMNS


def runs_text(folders: Iterable[Path]) -> str:
    """Return the names of run folders, one for each training and seed of the corruptions.

    >>> runs_text([Path("runs/a-camvid-val-1a2b3c4d"), Path("runs/a-camvid-val-5e6f7a8b")])
    'a-camvid-val-1a2b3c4d; a-camvid-val-5e6f7a8b'
    """
    return "; ".join(folder.name for folder in folders)


def is_measured(scores: pd.DataFrame) -> "pd.Series[bool]":
    """Return which rows of a table with the column source are measured, indexed like them."""
    return scores["source"] == MEASURED


def with_class_map(table: pd.DataFrame, record: RunRecord) -> pd.DataFrame:
    """Add the column class_map, the name of a run's class map, to the rows of the run.

    Args:
        table: The rows.
        record: The content of run.json.

    Returns:
        The rows, unchanged if the run has no class map.
    """
    if record.class_map_name is None:
        return table
    names = pd.Series(record.class_map_name, table.index, "string")
    return table.assign(**{CLASS_MAP_COLUMN: names})


def score_rows(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return rows as a table with the SCORE_COLUMNS; missing values are empty."""
    return pd.DataFrame(rows, columns=list(SCORE_COLUMNS)).astype(SCORE_COLUMNS)
