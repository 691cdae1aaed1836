"""Run folders -> one DataFrame."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.protocol import Condition
from robustbench_seg.results.counts import class_counts
from robustbench_seg.results.store import Row, find_runs, part_files, read_part, read_record

RUN_COLUMNS = [
    "run",
    "model",
    "dataset",
    "split",
    "stream",
    "seed",
    "protocol",
    "images",
    "classes",
    "clip",
]

Paths = Path | str | Iterable[Path | str]


def read_results(paths: Paths) -> pd.DataFrame:
    """Read run folders, or folders of them, as one table: a row for each image and condition.

    Columns: run (the folder's path), model, dataset, split, stream, seed, protocol (the name),
    images (how many the run has), classes (tuple of names), clip (of the dataset; 1 where run.json
    does not say); image, corruption, severity, matrix (int64 KxK, rows the truth; None where the
    image was left out), reason (why it was, or None).
    The rows of a run are sorted by corruption, severity and image.

    Raises ResultsError for a path that holds no run, a broken file, and parts that contradict
    each other.
    """
    return _read(paths, "matrix", lambda matrix: matrix)


def read_counts(paths: Paths) -> pd.DataFrame:
    """Like read_results, with `counts` (see class_counts) instead of `matrix`: all a score needs.

    No more than one part's matrices are in memory at a time.
    """
    return _read(paths, "counts", class_counts)


def _read(
    paths: Paths, column: str, reduce: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> pd.DataFrame:
    if isinstance(paths, Path | str):
        paths = [paths]
    tables = [_read_run(folder, column, reduce) for folder in find_runs(paths)]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _read_run(
    folder: Path, column: str, reduce: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> pd.DataFrame:
    record = read_record(folder)
    classes = tuple(record["classes"])
    rows: dict[tuple[str, Condition], Row] = {}
    for part in part_files(folder):
        for row in read_part(part, len(classes)):
            if row.matrix is not None:
                row = replace(row, matrix=reduce(row.matrix))
            key = (row.image, row.condition)
            rows[key] = _one(rows[key], row, part) if key in rows else row
    ordered = sorted(rows.values(), key=lambda row: (row.condition, row.image))
    facts = {"clip": 1, **record, "run": str(folder), "classes": classes}
    columns: dict[str, list[object]] = {
        **{name: [facts[name]] * len(ordered) for name in RUN_COLUMNS},
        "image": [row.image for row in ordered],
        "corruption": [row.condition.corruption for row in ordered],
        "severity": [row.condition.severity for row in ordered],
        column: [row.matrix for row in ordered],
        "reason": [row.reason for row in ordered],
    }
    table = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    return table.astype(dict.fromkeys(("seed", "images", "clip", "severity"), "int64"))


def _one(first: Row, second: Row, part: Path) -> Row:
    """Of two rows of the same image and condition, the one that counts.

    An image that was left out may be mended later: a matrix counts more than a reason.
    """
    if first.matrix is None or second.matrix is None:
        return first if second.matrix is None else second
    if not np.array_equal(first.matrix, second.matrix):
        raise ResultsError(
            f"{part} contradicts another part of its run on {first.image} "
            f"({first.condition.corruption}, severity {first.condition.severity}); remove one"
        )
    return first
