"""The CSV files that a board's page offers for download."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from robustbench_seg.files import write_text
from robustbench_seg.reporting.boards.board import Board
from robustbench_seg.reporting.tables.formats import csv

FILES: Mapping[str, str] = {
    "places.csv": "every score of every model, its 95 % interval and its place",
    "miou.csv": "the mIoU of each model: clean, under each perturbation, mean and retention",
    "costs.csv": "parameters, multiply-accumulates and speed",
    "per_severity.csv": "a row for each model and condition, with intervals",
    "per_class.csv": "a row for each model, condition and class",
    "elsewhere.csv": "published rows that are not ranked, and why",
}
"""Maps the name of a file to a description of its content."""


def write_csv_files(board: Board, folder: Path) -> None:
    """Write all tables of a board into `folder`.

    Raises:
        FileError: A file cannot be written.
    """
    write_text(folder / "places.csv", csv(ranks_table(board)))
    write_text(folder / "miou.csv", csv(board.miou))
    write_text(folder / "costs.csv", csv(costs_table(board)))
    severities = [entry.scores.severities.assign(model=entry.name) for entry in board.models]
    write_text(folder / "per_severity.csv", csv(pd.concat(severities, ignore_index=True)))
    classes = [entry.scores.classes.assign(model=entry.name) for entry in board.models]
    write_text(folder / "per_class.csv", csv(pd.concat(classes, ignore_index=True)))
    if len(board.published.elsewhere):
        write_text(folder / "elsewhere.csv", csv(board.published.elsewhere))


def ranks_table(board: Board) -> pd.DataFrame:
    """Return every score of every row.

    Returns:
        Columns score, group, model, source (measured or published), place (the rank), value,
        ci_low, ci_high.
    """
    rows = [
        {
            "score": key,
            "group": board.scores[key].group,
            "model": each.name,
            "source": each.source,
            "place": each.rank,
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
            "params": entry.record.about.params,
            "gmacs": entry.gmacs,
            "images_per_s": entry.speed,
            "hardware": entry.record.hardware,
        }
        for entry in board.models
    ]
    return pd.DataFrame(rows)
