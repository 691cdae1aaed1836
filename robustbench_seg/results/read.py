"""Run folders -> one DataFrame."""

import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import CONFUSION, MEASURES, Counts, Measure
from robustbench_seg.records.protocol import Condition
from robustbench_seg.records.run_record import RunRecord, read_record
from robustbench_seg.results.parts import part_files, read_part
from robustbench_seg.results.store import find_runs

_KEY = ["corruption", "severity", "image"]

log = logging.getLogger(__name__)

Paths = Path | str | Iterable[Path | str]

POOLED = "pooled "
"""What stands before a measure's name in the columns of read_counts."""


def read_results(paths: Paths) -> pd.DataFrame:
    """Read run folders, or folders of them, as one table: a row for each image and condition.

    Columns: run (the folder's path), model, dataset, split, stream, seed, protocol (the name),
    images (how many the run has), classes (tuple of names), clip (of the dataset); image,
    corruption, severity, matrix (int64 KxK, rows the truth), a column for each further measure
    (such as image_miou), reason (why the image was left out, or None). A measure that a row lacks
    is None. The rows of a run are sorted by corruption, severity and image.

    Raises ResultsError for a path that holds no run, a broken file, and parts that contradict
    each other.
    """
    return _read(paths, MEASURES, lambda measure: measure.column, lambda _, values: values)


def read_counts(paths: Paths, measures: Sequence[Measure] = MEASURES) -> pd.DataFrame:
    """Like read_results, with what pools instead of what was observed: all that a score needs.

    A measure's column is called POOLED and its name. No more than one part's matrices are in
    memory at a time.
    """
    return _read(
        paths,
        measures,
        lambda measure: POOLED + measure.name,
        lambda measure, values: measure.pooled(values),
    )


def with_counts(results: pd.DataFrame, measure: Measure = CONFUSION) -> pd.DataFrame:
    """The rows that a measure has observed, with a column `counts` of what pools.

    results: of read_counts or read_results
    """
    column = POOLED + measure.name
    if column in results:
        there = results[results[column].notna()]
        return there.assign(counts=there[column])
    if measure.column not in results:
        return results.iloc[:0].assign(counts=[])
    there = results[results[measure.column].notna()]
    counts = [measure.pooled(np.asarray(value)) for value in there[measure.column]]
    return there.assign(counts=pd.Series(counts, there.index, object))


def places_of(results: pd.DataFrame) -> Mapping[Condition, NDArray[np.intp]]:
    """Where the rows of each condition stand among `results`, in their order."""
    groups: Any = results.groupby(["corruption", "severity"], sort=False).indices
    return {Condition(name, int(level)): places for (name, level), places in groups.items()}


def _read(
    paths: Paths,
    measures: Sequence[Measure],
    column: Callable[[Measure], str],
    reduced: Callable[[Measure, Counts], Counts],
) -> pd.DataFrame:
    if isinstance(paths, Path | str):
        paths = [paths]
    tables = [_read_run(folder, measures, column, reduced) for folder in find_runs(paths)]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _read_run(
    folder: Path,
    measures: Sequence[Measure],
    column: Callable[[Measure], str],
    reduced: Callable[[Measure, Counts], Counts],
) -> pd.DataFrame:
    record = read_record(folder)
    names = [column(measure) for measure in measures]
    parts = []
    for path in part_files(folder):
        try:
            part = read_part(path, len(record.classes), measures)
        except ResultsError as error:
            log.warning("%s; its rows are left out", error)
            continue
        there = {
            "image": part.images,
            "corruption": [condition.name for condition in part.conditions],
            "severity": [condition.severity for condition in part.conditions],
            "reason": pd.Series(list(part.reasons), dtype=object),  # else pandas makes None nan
            "part": path,
        }
        for measure in measures:
            values: list[Counts | None] = [None] * len(part.images)
            if measure.name in part.values:
                each = iter(reduced(measure, part.values[measure.name]))
                values = [next(each) if reason is None else None for reason in part.reasons]
            there[column(measure)] = pd.Series(values, dtype=object)
        parts.append(pd.DataFrame(there))
    columns = [*_KEY, "reason", "part", *names]
    rows = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    rows = _once(rows, names).sort_values(_KEY, kind="stable", ignore_index=True)
    return _with_facts(rows, folder, record, names)


def _with_facts(
    rows: pd.DataFrame, folder: Path, record: RunRecord, names: Sequence[str]
) -> pd.DataFrame:
    facts = {
        "run": str(folder),
        "model": record.model,
        "dataset": record.dataset,
        "split": record.split,
        "stream": record.stream,
        "seed": record.seed,
        "protocol": record.protocol,
        "images": record.images,
        "classes": record.classes,
        "clip": record.clip,
    }
    columns = {name: [value] * len(rows) for name, value in facts.items()}
    columns |= {name: list(rows[name]) for name in ("image", "corruption", "severity", *names)}
    columns["reason"] = [reason or None for reason in rows["reason"]]
    table = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    return table.astype(dict.fromkeys(("seed", "images", "clip", "severity"), "int64"))


def _once(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Each image and condition once, with what each of several parts says of it.

    An image that was left out may be mended later: values count more than a reason. Parts that
    differ in their measures complete each other.
    """
    if not rows.duplicated(_KEY).any():
        return rows
    kept = dict[tuple[str, int, str], dict[Hashable, Any]]()
    for row in rows.to_dict("records"):
        image = (row["corruption"], row["severity"], row["image"])
        known: dict[Hashable, Any] = kept.setdefault(image, dict(row))
        for name in names:
            value = row[name]
            if value is None:
                continue
            if known[name] is not None and not np.array_equal(known[name], value):
                condition = Condition(row["corruption"], row["severity"])
                raise ResultsError(
                    f"{row['part']} contradicts another part of its run on {row['image']} "
                    f"({condition.name}, severity {condition.severity}); remove one"
                )
            known[name], known["reason"] = value, None
    return pd.DataFrame(list(kept.values()), columns=rows.columns)
