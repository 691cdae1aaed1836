"""The CSV files that a board's page offers for download."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.tables.formats import csv

_FILES: Mapping[str, str] = {
    "ranks.csv": "every score of every model, its 95 % interval and its rank",
    "miou.csv": "the mIoU of each model: clean, under each perturbation, mean and retention",
    "costs.csv": "parameters, multiply-accumulates and speed",
    "per_severity.csv": "a row for each model and condition, with intervals",
    "per_class.csv": "a row for each model, condition and class",
    "elsewhere.csv": "published rows that are not ranked, and why",
}
"""Maps the name of a file to a description of its content."""


def write_csv_files(board: Board, folder: Path) -> Mapping[str, str]:
    """Write all tables of a board into `folder`.

    Returns:
        Maps the name of each file to a description of its content.

    Raises:
        FileError: A file cannot be written.
    """
    tables = {
        "ranks.csv": ranks_table(board),
        "miou.csv": board.miou,
        "costs.csv": costs_table(board),
        "per_severity.csv": board.severities,
        "per_class.csv": board.per_class,
    }
    if len(board.published.elsewhere):
        tables["elsewhere.csv"] = board.published.elsewhere
    for name, table in tables.items():
        write_text(folder / name, csv(table))
    return {name: _FILES[name] for name in tables}


def ranks_table(board: Board) -> pd.DataFrame:
    """Return every score of every row.

    Returns:
        Columns score, group, model, source (measured or published), rank, value,
        ci_low, ci_high.
    """
    rows = [
        {
            "score": key,
            "group": board.scores[key].group,
            "model": each.name,
            "source": each.source,
            "rank": each.rank,
            "value": each.value,
            "ci_low": each.low,
            "ci_high": each.high,
        }
        for key, ranking in board.rankings.items()
        for each in ranking
    ]
    return pd.DataFrame(rows)


def costs_table(board: Board) -> pd.DataFrame:
    """Return columns model, mean (percent), params, gmacs, images_per_s, hardware."""
    rows = [
        {
            "model": entry.name,
            "mean": entry.mean,
            "params": entry.parameters,
            "gmacs": entry.gmacs,
            "images_per_s": entry.speed,
            "hardware": entry.record.hardware,
        }
        for entry in board.models
    ]
    return pd.DataFrame(rows)
