"""The results library: the rows of all published tables of scores, as one table."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.records.cards.protocol import list_protocols, load_protocol, merged
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.audit_rules import flag_of
from robustbench_seg.reporting.literature.published import (
    list_published,
    published_facts,
    published_table,
    score_columns,
)
from robustbench_seg.reporting.literature.published_facts import ATTACK, MEAN, PublishedFacts

LEADING = ("source", "model", "family", "dataset", "split", "crop", "protocol", "images", "params")
"""What a row is of. source: name of the published table; protocol: the shipped protocol under which
such scores can be measured, empty if there is none."""

SUMMARY = (MEAN, "worst", "retention")
FLAG = ("kind", "flag")


def literature(
    *models: str, dataset: str | None = None, protocol: str | None = None
) -> pd.DataFrame:
    """Return published scores, a row for each model, dataset and source.

    Args:
        *models: Words of names, such as "segformer-b5": rows whose model has all words of one of
            them, in upper or lower case. Without any: all rows.
        dataset: Only rows on this dataset.
        protocol: Only rows whose scores can be measured under this shipped protocol.

    Returns:
        Columns source, model, family (models of one are no independent evidence), dataset, split,
        crop (of the training), protocol, images, params; in percent clean, the corruptions, mean
        (of the cells, or as printed where they are not published), worst (the smallest cell),
        retention; attack, norm (linf or l2), radius (on the pixel scale 0 to 255) and steps of
        rows under an attack; what else a source has, such as acdc; kind and flag: what the audit
        says.
        kind is "cells" where no score of the row should be used, "summary" where only a mean or
        minimum that the source stores is wrong, else empty. Scores that no row has have no column.

    Raises:
        ResultsError: There is no such model, dataset or protocol in the library.

    >>> rows = rs.literature("segformer-b5", protocol="cityscapes-c")
    >>> rows[["clean", "fog", "mean"]].round(1).values.tolist()
    [[82.4, 78.5, 65.8]]
    """
    rows = _library()
    for name, wanted in (("dataset", dataset), ("protocol", protocol)):
        if wanted is not None:
            known = sorted(set(rows[name]) - {""})
            if wanted not in known:
                raise ResultsError(f"published scores: {unknown(name, wanted, known)}")
            rows = rows[rows[name] == wanted]
    if models:
        chosen = pd.Series(False, index=rows.index)
        for model in models:
            found = _named(rows["model"], model)
            if not found.any():
                raise ResultsError(
                    f"published scores: {unknown('model', model, dict.fromkeys(rows['model']))}"
                )
            chosen |= found
        rows = rows[chosen]
    kept = {*LEADING, CLEAN.name, *SUMMARY, *FLAG}
    columns = [name for name in rows.columns if name in kept or _has_values(rows[name])]
    return rows[columns].reset_index(drop=True)


def _has_values(column: "pd.Series[Any]") -> bool:
    return bool(column.replace("", None).notna().any())


def _named(names: "pd.Series[str]", model: str) -> "pd.Series[bool]":
    """Which names have all words of `model`."""
    words = _words(model)
    return names.map(lambda name: bool(words) and words <= _words(name)).astype(bool)


def _words(name: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", name.lower()))


@cache
def _library() -> pd.DataFrame:
    facts = {name: published_facts(name) for name in list_published()}
    scored = {name: each for name, each in facts.items() if each.kind == "scores"}
    rows = [row for name, each in scored.items() for row in _rows(name, each)]
    corruptions = merged(map(load_protocol, list_protocols())).names
    others = dict.fromkeys(name for row in rows for name in row)
    first = [*LEADING, CLEAN.name, *corruptions, *SUMMARY]
    others = dict.fromkeys(name for name in others if name not in (*first, *ATTACK, *FLAG))
    table = pd.DataFrame(rows, columns=[*first, *ATTACK, *others, *FLAG])
    counts = ["images", "params", "steps"]
    table[counts] = table[counts].astype("Int64")
    texts = [name for name in (*LEADING, *ATTACK, *FLAG) if name not in (*counts, "radius")]
    table[texts] = table[texts].fillna("")
    return table


def _rows(source: str, facts: PublishedFacts) -> Iterable[Mapping[str, object]]:
    """The rows of one published table, with their summaries and flags."""
    table = published_table(source)
    cells = [name for name in facts.corruptions if name in table]
    complete = bool(cells) and len(cells) == len(facts.corruptions)
    for row in table.to_dict("records"):
        dataset = facts.dataset or row["dataset"]
        scores = {name: float(row[name]) for name in score_columns(table)}
        if complete:
            values = pd.Series([scores[name] for name in cells])
            scores |= {MEAN: values.mean(skipna=False), "worst": values.min(skipna=False)}
        clean = scores.get(CLEAN.name, float("nan"))
        kind, flag = flag_of(scores, cells, facts.rules)
        yield {
            **{str(name): value for name, value in row.items()},
            **scores,
            "source": source,
            "dataset": dataset,
            "split": facts.split,
            "protocol": facts.protocol or "",
            "images": facts.images.get(dataset),
            "retention": 100 * scores.get(MEAN, float("nan")) / clean,
            "kind": kind or "",
            "flag": flag,
        }
