"""Which published rows rank beside measured ones, and why the others do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.catalogue import literature
from robustbench_seg.reporting.literature.published import list_published, published_facts
from robustbench_seg.results import miou_columns
from robustbench_seg.text import counted

ELSEWHERE_COLUMNS = ("model", "source", "under", CLEAN.name, "mean", "reason")
"""The columns of `PublishedRows.elsewhere`: clean and mean in percent; under: a protocol, or the
source's own words; reason: why the row does not rank."""


@dataclass(frozen=True, eq=False)
class PublishedRows:
    """The published rows that belong to a ranking of measured ones.

    Attributes:
        ranked: Rows that were scored on the same images under the same protocol. Columns of
            tables/miou.csv: model (with the crop of its training where that tells two rows apart),
            source ("published"), dataset, split, protocol, images, and in percent clean, each
            corruption (nan where a source prints means alone), mean and retention.
        benchmark: Where no row ranks, the rows of the benchmark's own table (see
            PublishedFacts.benchmark), with the same columns.
        sources: Names of the published tables that these rows are from.
        elsewhere: The other rows of the dataset, with the columns ELSEWHERE_COLUMNS.
    """

    ranked: pd.DataFrame
    benchmark: pd.DataFrame
    sources: tuple[str, ...]
    elsewhere: pd.DataFrame

    @property
    def shown(self) -> pd.DataFrame:
        """The rows that are shown with their cells: the ranked ones, or else the benchmark's."""
        return self.benchmark if self.ranked.empty else self.ranked

    @property
    def not_shown(self) -> pd.DataFrame:
        """The rows of `elsewhere` that are not among those shown with their cells."""
        if self.benchmark.empty:
            return self.elsewhere
        return self.elsewhere[~self.elsewhere["source"].isin(self.sources)]

    @property
    def citation(self) -> str:
        """What the shown rows are and how they were measured, in words; empty without any."""
        return " ".join(published_facts(source).reference_text for source in self.sources)


def published_rows(
    dataset: str, split: str, protocol: Protocol, images: int, *, all_classes: bool = True
) -> PublishedRows:
    """Find the published rows that belong to a ranking of measured ones.

    Rows whose cells are flagged by the audit do not rank.

    Args:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol that the measured rows are scored under.
        images: Number of images that they are scored on.
        all_classes: Whether they are scored in all classes of the dataset, as published rows are.
            If not, no published row is shown with its cells.
    """
    rows = literature()
    rows = rows[(rows["dataset"] == dataset) & (rows["attack"] == "")]
    reasons = [_reason(row, split, protocol, images) for row in rows.to_dict("records")]
    ranked = rows[np.array([all_classes and not reason for reason in reasons], dtype=bool)]
    benchmark = _benchmark(protocol) if all_classes and ranked.empty else rows.iloc[:0]
    elsewhere = [
        {
            **{name: row[name] for name in ("source", CLEAN.name, "mean")},
            "model": f"{row['model']} {row['crop']}".strip(),
            "under": _under(row),
            "reason": reason,
        }
        for row, reason in zip(rows.to_dict("records"), reasons, strict=True)
        if reason
    ]
    return PublishedRows(
        ranked=_as_scores(ranked, protocol),
        benchmark=_as_scores(benchmark, protocol),
        sources=tuple(dict.fromkeys([*ranked["source"], *benchmark["source"]])),
        elsewhere=pd.DataFrame(elsewhere, columns=list(ELSEWHERE_COLUMNS)),
    )


def published_extent(model: str) -> str | None:
    """Return what a published model was scored on, in words; None if no row has this name.

    >>> published_extent("SegFormer-B5")
    'all 500 images of cityscapes val under cityscapes-c'
    """
    rows = literature()
    rows = rows[(rows["model"] == model) & (rows["protocol"] != "") & rows["images"].notna()]
    for row in rows.to_dict("records"):
        images = counted(int(row["images"]), "image")
        return f"all {images} of {row['dataset']} {row['split']} under {row['protocol']}"
    return None


def _benchmark(protocol: Protocol) -> pd.DataFrame:
    """The rows of the library that are of the benchmark's own table; none without such a table."""
    facts = {name: published_facts(name) for name in list_published()}
    own = [n for n, each in facts.items() if each.benchmark and each.protocol == protocol.name]
    rows = literature()
    return rows[rows["source"].isin(own)]


def _as_scores(rows: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Rows of the library as rows of tables/miou.csv."""
    columns = ["model", "source", "dataset", "split", "protocol", "images"]
    columns += miou_columns(protocol)
    twice = rows["model"].duplicated(keep=False) & (rows["crop"] != "")
    names = rows["model"].where(~twice, rows["model"] + " " + rows["crop"])
    scores = rows.assign(model=names, source="published").reindex(columns=columns)
    return scores.astype({"images": int}).reset_index(drop=True)


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
        whole = counted(int(row["images"]), "image")
        return f"on all {whole} of the split, the rows above on {images}"
    return ""
