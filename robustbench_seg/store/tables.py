"""Reads run folders as one table, a row for each image and condition."""

import logging
import os
from collections.abc import Hashable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import MEASURES, Counts, Measure, Scorer, derived_scores
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.store.attack_ensembles import with_ensembles
from robustbench_seg.store.counts import pooled_column
from robustbench_seg.store.parts import part_files, read_part
from robustbench_seg.store.run_paths import Paths, find_runs

_KEY = ["corruption", "severity", "image"]

log = logging.getLogger(__name__)


def read_results(paths: Paths) -> pd.DataFrame:
    """Read run folders as one table: a row for each image and condition.

    Args:
        paths: Run folders or packs, or folders of them.

    Returns:
        A table with the columns run (path of the folder), model, dataset, split, stream, seed,
        protocol (name), images (number of images in the run), classes (tuple of names), clip (of
        the dataset), class_map (name; only if a run has one), image, corruption, severity, matrix,
        a column for each further measure (such as image_miou), and reason (why the image was left
        out, or None). matrix is int64 KxK, with the true class as row. If the class map ignores
        classes, it is Kx(K+1), and the last column counts pixels whose predicted class is ignored.
        A missing measure is None; confidence has a column only if a row has it. The rows of a run
        are sorted by corruption, severity and image. An ensemble of attacks (sea) also has rows:
        for each image, those of the attack that was chosen for a low mIoU (see attack_ensembles).

    Raises:
        ResultsError: A path contains no run, a file is damaged, or parts contradict each other.

    >>> rows = rs.read_results("runs")  # 2 runs, 2 images, clean and 5 severities of contrast
    >>> len(rows), rows["matrix"][0].shape
    (24, (19, 19))
    """
    return _read(paths, MEASURES, pooled=False)


def read_counts(paths: Paths, measures: Sequence[Measure] = MEASURES) -> pd.DataFrame:
    """Read run folders like read_results, with the pooled counts, which are enough for all scores.

    No more than one part's matrices are in memory at a time.

    Args:
        paths: Run folders or packs, or folders of them.
        measures: The measures to read. Without `confusion` no ensemble of attacks has rows.

    Returns:
        The columns of read_results, with a column such as "pooled confusion" instead of that of
        each measure, and of each derived score if all measures are read.

    Raises:
        ResultsError: A path contains no run, a file is damaged, or parts contradict each other.
    """
    return _read(paths, measures, pooled=True)


def _read(paths: Paths, measures: Sequence[Measure], *, pooled: bool) -> pd.DataFrame:
    tables = [_read_run(folder, measures, pooled=pooled) for folder in find_runs(paths)]
    most = max(tables, key=lambda table: len(table.columns)).columns
    for table in tables:
        for column in most.difference(table.columns, sort=False):
            place = list(most).index(column)
            table.insert(place, column, pd.Series([None] * len(table), dtype=object))
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)


def _read_run(folder: Path, measures: Sequence[Measure], *, pooled: bool) -> pd.DataFrame:
    record = read_record(folder)
    scorers = _scorers(record, measures, pooled=pooled)
    rows = _rows_of_parts(folder, record, measures, scorers, pooled=pooled)
    needs = {measure.column: measure.needs_confidence for measure in measures}
    scorers = {
        name: scorer
        for name, scorer in scorers.items()
        if not needs[scorer.column] or rows[name].notna().any()
    }
    rows = rows[[*_KEY, "reason", "part", *scorers]]
    rows = with_ensembles(_once(rows, [*scorers]), record, scorers, pooled=pooled)
    rows = rows.sort_values(_KEY, kind="stable", ignore_index=True)
    return _with_facts(rows, folder, record, [*scorers])


def _scorers(
    record: RunRecord, measures: Sequence[Measure], *, pooled: bool
) -> Mapping[str, Scorer]:
    """Map each column of values to its measure, or to the derived scores for which it is pooled."""
    if not pooled:
        return {measure.column: measure for measure in measures}
    read = {measure.name for measure in measures}
    every = {*MEASURES} <= {*measures}
    derived = [each for each in derived_scores(record) if every and each.name not in read]
    return {pooled_column(scorer): scorer for scorer in (*measures, *derived)}


def _rows_of_parts(
    folder: Path,
    record: RunRecord,
    measures: Sequence[Measure],
    scorers: Mapping[str, Scorer],
    *,
    pooled: bool,
) -> pd.DataFrame:
    """Return the rows of all parts; several may be about the same image and condition."""
    read = partial(_part_columns, record=record, measures=measures, scorers=scorers, pooled=pooled)
    columns = {name: list[Any]() for name in (*_KEY, "reason", "part", *scorers)}
    # Threads help, because Python's lock is free while a part is decompressed, hashed and summed.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in [pool.submit(read, path) for path in part_files(folder)]:
            try:
                found = part.result()
            except ResultsError as error:
                log.warning("%s; its rows are ignored", error)
                continue
            for name, values in columns.items():
                values += found[name]
    # As objects, because pandas would turn None into nan.
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=None if name == "severity" else object)
            for name, values in columns.items()
        }
    )


def _part_columns(
    path: Path,
    record: RunRecord,
    measures: Sequence[Measure],
    scorers: Mapping[str, Scorer],
    *,
    pooled: bool,
) -> Mapping[str, Sequence[Any]]:
    """Return the columns of one part."""
    part = read_part(
        path, len(record.classes), measures, record.key.digest, no_class=record.no_class
    )
    columns: MutableMapping[str, Sequence[Any]] = {
        "image": part.images,
        "corruption": [condition.name for condition in part.conditions],
        "severity": [condition.severity for condition in part.conditions],
        "reason": part.reasons,
        "part": [path] * len(part.images),
    }
    measure_of = {measure.column: measure.name for measure in measures}
    for name, scorer in scorers.items():
        observed = part.values.get(measure_of[scorer.column])
        if observed is None:
            columns[name] = [None] * len(part.images)
            continue
        values = list(scorer.pooled(observed) if pooled else observed)
        if len(values) < len(part.images):
            each = iter(values)
            values = [next(each) if reason is None else None for reason in part.reasons]
        columns[name] = values
    return columns


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
    if record.class_map_name is not None:
        facts["class_map"] = record.class_map_name
    columns = {name: [value] * len(rows) for name, value in facts.items()}
    columns |= {name: list(rows[name]) for name in ("image", "corruption", "severity", *names)}
    columns["reason"] = [reason or None for reason in rows["reason"]]
    table = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    return table.astype(dict.fromkeys(("seed", "images", "clip", "severity"), "int64"))


def _once(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Merge the rows of several parts about one image and condition.

    Values replace a reason: an image that was left out may be scored later. Parts that differ in
    their measures complete each other.
    """
    if not rows.duplicated(_KEY).any():
        return rows
    kept = dict[tuple[str, int, str], dict[Hashable, Any]]()
    for row in rows.to_dict("records"):
        image = (row["corruption"], row["severity"], row["image"])
        merged = kept.setdefault(image, dict(row))
        for name in names:
            value = row[name]
            if value is None:
                continue
            if merged[name] is not None and not _same(merged[name], value):
                condition = Condition(row["corruption"], row["severity"])
                raise ResultsError(
                    f"{row['part']} contradicts another part of its run on {row['image']} "
                    f"({condition.name}, severity {condition.severity})",
                    advice="remove one",
                )
            merged[name], merged["reason"] = value, None
    # As objects, because pandas would turn None into nan.
    table = pd.DataFrame(list(kept.values()), columns=rows.columns, dtype=object)
    return table.astype(rows.dtypes)


def _same(one: Counts, other: Counts) -> bool:
    """Whether two observations are equal, except for the rounding of floats."""
    if np.issubdtype(one.dtype, np.floating):
        return np.allclose(one, other, rtol=1e-12, atol=0)
    return np.array_equal(one, other)
