"""Run folders -> one DataFrame."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.results.counts import class_counts
from robustbench_seg.results.store import find_runs, part_files, read_part, read_record

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

_KEY = ["corruption", "severity", "image"]
_ROW = [*_KEY, "reason", "part"]

Reduce = Callable[[NDArray[np.int64]], NDArray[np.int64]]
"""MxKxK matrices -> what is kept of each of the M."""

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


def _read(paths: Paths, column: str, reduce: Reduce) -> pd.DataFrame:
    if isinstance(paths, Path | str):
        paths = [paths]
    tables = [_read_run(folder, column, reduce) for folder in find_runs(paths)]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _read_run(folder: Path, column: str, reduce: Reduce) -> pd.DataFrame:
    record = read_record(folder)
    classes = tuple(record["classes"])
    parts = []
    for path in part_files(folder):
        part = read_part(path, len(classes))
        reduced = iter(reduce(part.matrices))
        there = {
            "image": part.images,
            "corruption": part.corruptions,
            "severity": part.severities,
            "reason": part.reasons,
            column: [None if reason else next(reduced) for reason in part.reasons],
            "part": path,
        }
        parts.append(pd.DataFrame(there))
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*_ROW, column])
    rows = _once(rows, column).sort_values(_KEY, kind="stable", ignore_index=True)
    facts = {"clip": 1, **record, "run": str(folder), "classes": classes}
    columns = {name: [facts[name]] * len(rows) for name in RUN_COLUMNS}
    columns |= {name: list(rows[name]) for name in ("image", "corruption", "severity", column)}
    columns["reason"] = [reason or None for reason in rows["reason"]]
    table = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    return table.astype(dict.fromkeys(("seed", "images", "clip", "severity"), "int64"))


def _once(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Each image and condition once: what stands in several parts, as the one that counts.

    An image that was left out may be mended later: a matrix counts more than a reason.
    """
    if not rows.duplicated(_KEY).any():
        return rows
    rows = rows.sort_values(column, key=lambda values: values.isna(), kind="stable")
    kept: dict[tuple[str, int, str], NDArray[np.int64]] = {}
    scored = rows[rows[column].notna()]
    cells = zip(*(scored[name] for name in (*_KEY, column, "part")), strict=True)
    for name, level, image, value, part in cells:
        if not np.array_equal(kept.setdefault((name, level, image), value), value):
            raise ResultsError(
                f"{part} contradicts another part of its run on {image} ({name}, severity "
                f"{level}); remove one"
            )
    return rows.drop_duplicates(_KEY)
