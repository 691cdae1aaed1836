"""The CSV files that a board's page offers for download."""

from collections.abc import Callable, Mapping
from operator import attrgetter
from pathlib import Path

import pandas as pd

from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.tables.formats import csv


def ranks_table(board: Board) -> pd.DataFrame:
    """Return every score of every row.

    Returns:
        Columns score, group, model, source (measured or published), rank, value,
        ci_low, ci_high.
    """
    rows = [
        {
            "score": key,
            "group": board.scores[key].heading,
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


_FILES: Mapping[str, tuple[str, Callable[[Board], pd.DataFrame]]] = {
    "ranks.csv": ("every score of every model, its 95 % interval and its rank", ranks_table),
    "miou.csv": (
        "the mIoU of each model: clean, under each perturbation, mean and retention",
        attrgetter("miou"),
    ),
    "costs.csv": ("parameters, multiply-accumulates and speed", costs_table),
    "per_severity.csv": (
        "a row for each model and condition, with intervals",
        attrgetter("per_severity"),
    ),
    "per_class.csv": ("a row for each model, condition and class", attrgetter("per_class")),
    "elsewhere.csv": (
        "published rows that are not ranked, and why",
        attrgetter("published.elsewhere"),
    ),
}
"""Maps the name of a file to a description of its content, and to the table of a board in it."""


def write_csv_files(board: Board, folder: Path) -> Mapping[str, str]:
    """Write all tables of a board into `folder`, except an empty one of published rows.

    Returns:
        Maps the name of each file to a description of its content.

    Raises:
        FileError: A file cannot be written.
    """
    written = {}
    for name, (description, table_of) in _FILES.items():
        table = table_of(board)
        if name != "elsewhere.csv" or len(table):
            write_text(folder / name, csv(table))
            written[name] = description
    return written
