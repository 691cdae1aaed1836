"""The published results of all tables, as one table."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol, merged
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.audit_rules import audit_row
from robustbench_seg.reporting.literature.published_tables import (
    list_published_tables,
    published_table,
    score_columns,
    table_description,
)
from robustbench_seg.reporting.literature.table_description import (
    ATTACK_COLUMNS,
    MEAN,
    TableDescription,
)

SUBJECT_COLUMNS = (
    "source",
    "model",
    "family",
    "dataset",
    "split",
    "crop",
    "protocol",
    "images",
    "params",
)
"""The first columns of `literature`, which identify a result.

source is the name of the published table; protocol is the shipped protocol under which such scores
can be measured, empty if there is none.
"""

SUMMARY_COLUMNS = (MEAN, "worst", "retention")
"""The columns of `literature` after the corruptions, which follow from the cells."""

FLAG_COLUMNS = ("kind", "flag")
"""The last columns of `literature`: the part that the audit rejects, and why; empty for a sound
row.
"""


def literature(
    *models: str, dataset: str | None = None, protocol: str | None = None
) -> pd.DataFrame:
    """Return published results, a row for each model, dataset and source.

    Args:
        *models: Words of names, such as "segformer-b5": selects rows whose model has all words of
            one of them; case is ignored. Without any: all rows.
        dataset: Only rows on this dataset.
        protocol: Only rows whose scores can be measured under this included protocol.

    Returns:
        Columns source, model, family (models of one family are not independent), dataset, split,
        crop (of the training), protocol, images, params (number of parameters). In percent:
        clean, the corruptions, mean (of the cells, or as printed if they are not published), worst
        (the smallest cell) and retention. Rows under an attack have attack, norm (linf or l2),
        radius (on the pixel scale 0 to 255) and steps. Further columns of a source follow, such as
        acdc.
        kind and flag have the result of the audit: kind is "cells" if no score of the row should
        be used, "summary" if only a stored mean or minimum is wrong, else empty. Columns without
        any score are left out.

    Raises:
        ResultsError: There is no such model, dataset or protocol in the library.

    >>> rows = rs.literature("segformer-b5", protocol="cityscapes-c")
    >>> rows[["clean", "fog", "mean"]].round(1).values.tolist()
    [[82.4, 78.5, 65.8]]
    """
    rows = _library()
    for column, wanted in (("dataset", dataset), ("protocol", protocol)):
        if wanted is not None:
            rows = _rows_with(rows, column, wanted)
    if models:
        rows = _rows_of_models(rows, models)
    return _without_empty_scores(rows).reset_index(drop=True)


def cells_are_flagged(results: pd.DataFrame) -> "pd.Series[bool]":
    """Whether the audit rejects the cells of each published result; then no score is used.

    Args:
        results: Rows of `literature`.
    """
    return results["kind"] == "cells"


def _rows_with(rows: pd.DataFrame, column: str, wanted: str) -> pd.DataFrame:
    known = sorted(set(rows[column]) - {""})
    if wanted not in known:
        raise ResultsError(f"published scores: {unknown(column, wanted, known)}")
    return rows[rows[column] == wanted]


def _rows_of_models(rows: pd.DataFrame, models: tuple[str, ...]) -> pd.DataFrame:
    """The rows whose model has all words of one of `models`."""
    chosen = pd.Series(False, index=rows.index)
    for model in models:
        words = _words(model)
        found = rows["model"].map(lambda name, words=words: bool(words) and words <= _words(name))
        if not found.any():
            raise ResultsError(
                f"published scores: {unknown('model', model, dict.fromkeys(rows['model']))}"
            )
        chosen |= found.astype(bool)
    return rows[chosen]


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))


def _without_empty_scores(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without empty columns, except for the columns that every result has."""
    kept = {*SUBJECT_COLUMNS, CLEAN.name, *SUMMARY_COLUMNS, *FLAG_COLUMNS}
    return rows[[name for name in rows.columns if name in kept or _has_values(rows[name])]]


def _has_values(column: "pd.Series[Any]") -> bool:
    return bool(column.replace("", None).notna().any())


@cache
def _library() -> pd.DataFrame:
    descriptions = {name: table_description(name) for name in list_published_tables()}
    rows = [
        row
        for name, description in descriptions.items()
        if description.kind == "scores"
        for row in _results(name, description)
    ]
    protocol = merged(map(load_protocol, list_protocols()))
    corruptions = [each.name for each in protocol.corruptions]
    first = [*SUBJECT_COLUMNS, CLEAN.name, *corruptions, *SUMMARY_COLUMNS, *ATTACK_COLUMNS]
    known = {*first, *FLAG_COLUMNS}
    others = dict.fromkeys(name for row in rows for name in row if name not in known)
    table = pd.DataFrame(rows, columns=[*first, *others, *FLAG_COLUMNS])
    counts = ["images", "params", "steps"]
    table[counts] = table[counts].astype("Int64")
    texts = {*SUBJECT_COLUMNS, *ATTACK_COLUMNS, *FLAG_COLUMNS} - {*counts, "radius"}
    names = [name for name in table.columns if name in texts]
    table[names] = table[names].fillna("")
    return table


def _results(source: str, description: TableDescription) -> Iterator[Mapping[str, object]]:
    """The rows of one published table, with their summaries and flags."""
    table = published_table(source)
    cells = [name for name in description.corruptions if name in table]
    complete = bool(cells) and len(cells) == len(description.corruptions)
    for row in table.to_dict("records"):
        dataset = description.dataset or row["dataset"]
        scores = {name: float(row[name]) for name in score_columns(table)}
        if complete:
            values = pd.Series([scores[name] for name in cells])
            scores |= {MEAN: values.mean(skipna=False), "worst": values.min(skipna=False)}
        flag = audit_row(scores, cells, description.rules)
        yield {
            **{str(name): value for name, value in row.items()},
            **scores,
            "source": source,
            "dataset": dataset,
            "split": description.split,
            "protocol": description.protocol or "",
            "images": description.images.get(dataset),
            "retention": 100
            * scores.get(MEAN, float("nan"))
            / scores.get(CLEAN.name, float("nan")),
            "kind": flag.unusable if flag else "",
            "flag": flag.text if flag else "",
        }
