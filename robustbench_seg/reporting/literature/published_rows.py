"""Which published rows rank beside measured ones, and why the others do not."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature import cityscapes_c
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.published import published_facts
from robustbench_seg.text import counted

ELSEWHERE_COLUMNS = ("model", "source", "under", CLEAN.name, "mean", "reason")
"""The columns of `rows_elsewhere`: clean and mean in percent; under: a protocol, or the source's
own words; reason: why the row does not rank."""

_TABLE_5 = "cityscapes_c"


def rows_beside(dataset: str, split: str, protocol: Protocol, images: int) -> pd.DataFrame:
    """Return the published rows that were scored on the same images under the same protocol.

    Rows whose cells are flagged by the audit are left out.

    Args:
        dataset: Name of the dataset.
        split: Its split.
        protocol: What the measured rows are scored under.
        images: How many images they are scored on.

    Returns:
        Columns of tables/miou.csv: model (with the crop of its training where that tells two rows
        apart), source ("published"), dataset, split, protocol, images, and in percent clean, each
        corruption (nan where a source prints means alone), mean and retention.
    """
    columns = ["model", "source", "dataset", "split", "protocol", "images"]
    columns += [CLEAN.name, *protocol.names, "mean", "retention"]
    rows = _ranking(dataset, split, protocol, images)
    twice = rows["model"].duplicated(keep=False) & (rows["crop"] != "")
    names = rows["model"].where(~twice, rows["model"] + " " + rows["crop"])
    rows = rows.assign(model=names, source="published").reindex(columns=columns)
    if not cityscapes_c.ranks_beside(dataset, split, protocol.name, images):
        return rows
    table = cityscapes_c.published_scores()
    return pd.concat([table, rows], ignore_index=True) if len(rows) else table


def rows_elsewhere(
    dataset: str, split: str, protocol: Protocol, images: int, *, also_table_5: bool | None = None
) -> pd.DataFrame:
    """Return the published rows of the same dataset that do not rank, and why.

    Args:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol that the measured rows are scored under.
        images: Number of images that they are scored on.
        also_table_5: Whether to include the rows of SegFormer's Table 5. None: only if `protocol`
            is not theirs, because a report then shows them separately, with all cells.

    Returns:
        A table with the columns ELSEWHERE_COLUMNS.
    """
    if also_table_5 is None:
        also_table_5 = protocol.name != cityscapes_c.PROTOCOL
    rows = _others(dataset, also_table_5)
    found = []
    for row in rows.to_dict("records"):
        if reason := _reason(row, split, protocol, images):
            name = f"{row['model']} {row['crop']}".strip()
            shown = {**row, "model": name, "under": _under(row), "reason": reason}
            found.append({column: shown[column] for column in ELSEWHERE_COLUMNS})
    return pd.DataFrame(found, columns=list(ELSEWHERE_COLUMNS))


def sources_beside(dataset: str, split: str, protocol: Protocol, images: int) -> tuple[str, ...]:
    """Return the names of the sources of `rows_beside`, but for SegFormer's Table 5."""
    return tuple(dict.fromkeys(_ranking(dataset, split, protocol, images)["source"]))


def source_text(source: str) -> str:
    """Return what a source is and how it measured, in a sentence or two."""
    facts = published_facts(source)
    text = f"{facts.title}: {facts.copied_from}."
    if facts.measured is None:
        return text
    how = facts.measured
    return (
        f"{text} Severities {how.severities}, {how.averaging}; colour order: {how.colour_order}; "
        f"resolution: {how.resolution}; inference: {how.inference}."
    )


def _ranking(dataset: str, split: str, protocol: Protocol, images: int) -> pd.DataFrame:
    """The rows of the library that rank, but for those of SegFormer's Table 5."""
    rows = _others(dataset)
    records = rows.to_dict("records")
    ranks = [not _reason(row, split, protocol, images) for row in records]
    return rows[np.array(ranks, dtype=bool)]


def _others(dataset: str, also_table_5: bool = False) -> pd.DataFrame:
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["attack"] == "")]
    return rows if also_table_5 else rows[rows["source"] != _TABLE_5]


def _under(row: Mapping[Any, Any]) -> str:
    how = published_facts(row["source"]).measured
    if row["protocol"] or how is None:
        return str(row["protocol"])
    if how.severities == "none":
        return "clean only"
    return f"{how.corruptions}, severity {how.severities}"


def _reason(row: Mapping[Any, Any], split: str, protocol: Protocol, images: int) -> str:
    """Why a row of the same dataset does not rank; empty if it does."""
    if row["kind"] == "cells":
        return f"inconsistent in itself: {row['flag']}"
    if not row["protocol"]:
        return "no corruption scored" if _under(row) == "clean only" else "measured otherwise"
    if row["protocol"] != protocol.name:
        return "under another protocol"
    if row["split"] != split:
        return f"on {row['split']}"
    if row["images"] != images:
        whole = counted([int(row["images"])], "image")
        return f"on all {whole} of the split, the rows above on {images}"
    return ""


def published_notice(models: Sequence[str], dataset: str, split: str, protocol: str) -> str:
    """Return one line on the published rows of models that are about to be evaluated.

    A row is of a model if its name is that of the card, in upper or lower case and with or without
    the name of its encoder ("segformer-mit-b5", "SegFormer-B5" and "segformer-b5").

    Args:
        models: Names of model cards.
        dataset: Name of the dataset.
        split: Its split.
        protocol: Name of the protocol.

    Returns:
        The rows and their means; empty if there are none.
    """
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["split"] == split)]
    rows = rows[(rows["protocol"] == protocol) & (rows["kind"] != "cells")]
    wanted = {_plain(model) for model in models}
    found = [row for row in rows.to_dict("records") if _plain(row["model"]) in wanted]
    if not found:
        return ""
    texts = [f"{row['model']} {row['mean']:.1f} ({_place(row)})" for row in found]
    return (
        f"published on {dataset} {split} under {protocol}, mean mIoU: {'; '.join(texts)}; see "
        f"robustseg literature --dataset {dataset} --protocol {protocol}"
    )


def _plain(model: str) -> str:
    return model.lower().replace("-mit-", "-")


def _place(row: Mapping[Any, Any]) -> str:
    return f"{row['source']}, crop {row['crop']}" if row["crop"] else str(row["source"])
