"""Scores of runs, from their confusion matrices: DataFrames in, DataFrames out.

The mIoU of a condition is that of one matrix, the sum over its images. A corruption's score is the
plain mean over its scored severities, a protocol's the plain mean over its corruptions, and
retention that mean divided by the clean mIoU (Michaelis et al., arXiv 1907.07484, Eq. 1-2, where
they are called mPC and rPC). All scores are in percent. What is incomplete has no score: nan.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from robustbench_seg.protocol import CLEAN, Condition, Protocol
from robustbench_seg.results.counts import Counts, iou_of_counts, miou_of_counts, with_counts

KEYS = ["run", "model", "dataset", "split"]


def condition_scores(results: pd.DataFrame) -> pd.DataFrame:
    """The mIoU of each run and condition.

    results: as read_results or read_counts gives them
    Columns: run, model, dataset, split, corruption, severity, images (how many were scored),
    complete (whether that is all of them), miou.
    """
    records = [
        {
            **rows.iloc[0][[*KEYS, "corruption", "severity"]].to_dict(),
            "images": len(rows),
            "complete": len(rows) == rows["images"].iloc[0],
            "miou": float(miou_of_counts(total)),
        }
        for rows, total in _pooled(results)
    ]
    columns = [*KEYS, "corruption", "severity", "images", "complete", "miou"]
    return pd.DataFrame(records, columns=columns)


def class_scores(results: pd.DataFrame) -> pd.DataFrame:
    """IoU of each run, condition and class; nan for a class that does not occur.

    results: as in condition_scores
    Columns: run, model, dataset, split, corruption, severity, class, iou.
    """
    keys = [*KEYS, "corruption", "severity"]
    tables = [pd.DataFrame(columns=[*keys, "class", "iou"])]
    for rows, total in _pooled(results):
        first = rows.iloc[0]
        table = pd.DataFrame({"class": list(first["classes"]), "iou": iou_of_counts(total)})
        tables.append(table.assign(**{key: first[key] for key in keys})[tables[0].columns])
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _pooled(results: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, Counts]]:
    """For each run and condition: its scored rows, and the sum of their counts."""
    groups = with_counts(results).groupby(["run", "corruption", "severity"], sort=False)
    for _, rows in groups:
        yield rows, np.sum(np.stack(list(rows["counts"])), axis=0)


def protocol_scores(conditions: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """The scores of each run under a protocol, one row a run.

    conditions: as condition_scores gives them
    Columns: run, model, dataset, split, images (scored clean), clean, the corruptions in protocol
    order, mean, retention. A corruption is nan unless all its scored severities are there with
    all images; the mean is nan unless all corruptions are.
    """
    records = []
    for _, rows in conditions.groupby("run", sort=False):
        complete = rows[rows["complete"]]
        pairs = map(Condition, complete["corruption"], complete["severity"])
        there = dict(zip(pairs, complete["miou"], strict=True))
        record = rows.iloc[0][KEYS].to_dict()
        record["images"] = int(rows.loc[rows["corruption"] == CLEAN.corruption, "images"].sum())
        record["clean"] = there.get(CLEAN, np.nan)
        for spec in protocol.corruptions:
            cells = [there.get(Condition(spec.name, s), np.nan) for s in spec.scored]
            record[spec.name] = np.mean(cells)
        records.append(record)
    table = pd.DataFrame(records, columns=[*KEYS, "images", "clean", *protocol.names])
    table["mean"] = table[list(protocol.names)].mean(axis=1, skipna=False)
    table["retention"] = 100 * table["mean"] / table["clean"]
    return table


def category_means(scores: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Plain mean over the corruptions of each category; nan unless all are there.

    scores: any table with a column for each corruption. Index as in `scores`, one column a
    category, in protocol order.
    """
    means = {}
    for category in protocol.categories:
        names = [spec.name for spec in protocol.corruptions if spec.category == category]
        means[category] = scores[names].mean(axis=1, skipna=False)
    return pd.DataFrame(means, index=scores.index)
