"""Finds published results that rank with measured ones, and why the others are not ranked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.reporting.literature.catalogue import cells_are_flagged, literature
from robustbench_seg.reporting.literature.published_tables import (
    list_published_tables,
    table_description,
)
from robustbench_seg.results import PUBLISHED, miou_columns
from robustbench_seg.text import counted

ELSEWHERE_COLUMNS = ("model", "source", "under", CLEAN.name, "mean", "reason")
"""The columns of `PublishedResults.elsewhere`.

source is the name of the published table; under is a protocol, or the source's own words; clean and
mean are in percent; reason says why the row is not ranked.
"""


@dataclass(frozen=True, eq=False)
class PublishedResults:
    """The published results that belong to a ranking of measured models.

    Attributes:
        ranked: Results on the same images under the same protocol. Columns of tables/miou.csv:
            model (with its training crop if this distinguishes two rows), source ("published"),
            dataset, split, protocol, images, and in percent clean, each corruption (nan if a source
            prints only means), mean and retention.
        benchmark: If none is ranked, those of the benchmark's own table (see
            TableDescription.benchmark), with the same columns.
        tables: Names of the published tables with these results.
        elsewhere: The other results on the dataset, with the columns ELSEWHERE_COLUMNS.
    """

    ranked: pd.DataFrame
    benchmark: pd.DataFrame
    tables: tuple[str, ...]
    elsewhere: pd.DataFrame

    @property
    def shown(self) -> pd.DataFrame:
        """The rows that are shown with their cells: the ranked ones, or those of the benchmark."""
        return self.benchmark if self.ranked.empty else self.ranked

    @property
    def not_shown(self) -> pd.DataFrame:
        """The rows of `elsewhere` that are not among those shown with their cells."""
        if self.benchmark.empty:
            return self.elsewhere
        return self.elsewhere[~self.elsewhere["source"].isin(self.tables)]

    @property
    def caption(self) -> str:
        """The source of the shown rows and how they were measured, in words; empty without rows."""
        return " ".join(table_description(name).caption_text for name in self.tables)


def published_results(
    dataset: str, split: str, protocol: Protocol, images: int, *, all_classes: bool = True
) -> PublishedResults:
    """Find the published results that belong to a ranking of measured models.

    Results whose cells the audit flags are not ranked.

    Args:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol of the measured models.
        images: Number of their images.
        all_classes: Whether they are scored in all classes of the dataset, as published results
            are. If not, no published result is shown with its cells.
    """
    results = literature()
    of_dataset = results[(results["dataset"] == dataset) & (results["attack"] == "")]
    reasons = _reasons_not_to_rank(of_dataset, split, protocol, images)
    ranks = (reasons == "") & all_classes
    ranked = of_dataset[ranks]
    benchmark = results.iloc[:0]
    if all_classes and ranked.empty:
        benchmark = results[results["source"].isin(_benchmark_tables(protocol))]
    return PublishedResults(
        ranked=_miou_rows(ranked, protocol),
        benchmark=_miou_rows(benchmark, protocol),
        tables=tuple(dict.fromkeys([*ranked["source"], *benchmark["source"]])),
        elsewhere=_elsewhere(of_dataset, reasons),
    )


def published_extent(model: str) -> str | None:
    """Return the images and the protocol of a published model, in words; None if there is none.

    >>> published_extent("SegFormer-B5")
    'all 500 images of cityscapes val under cityscapes-c'
    """
    rows = literature()
    rows = rows[(rows["model"] == model) & (rows["protocol"] != "") & rows["images"].notna()]
    if rows.empty:
        return None
    row = rows.iloc[0]
    images = counted(int(row["images"]), "image")
    return f"all {images} of {row['dataset']} {row['split']} under {row['protocol']}"


def _benchmark_tables(protocol: Protocol) -> list[str]:
    """Names of the published tables that are the benchmark's own under a protocol."""
    descriptions = {name: table_description(name) for name in list_published_tables()}
    return [
        name
        for name, each in descriptions.items()
        if each.benchmark and each.protocol == protocol.name
    ]


def _reasons_not_to_rank(
    results: pd.DataFrame, split: str, protocol: Protocol, images: int
) -> "pd.Series[str]":
    """The reasons why results on a dataset are not ranked with those of a number of images.

    Args:
        results: Rows of `literature`.
        split: The split of the measured models.
        protocol: Their protocol.
        images: Number of their images.

    Returns:
        Indexed like the rows; empty for a ranked result.
    """
    flagged = cells_are_flagged(results)
    reasons = []
    for row, is_flagged in zip(results.to_dict("records"), flagged, strict=True):
        reason = ""
        if is_flagged:
            reason = f"inconsistent in itself: {row['flag']}"
        elif not row["protocol"]:
            scored = _conditions_text(row) != "clean only"
            reason = "measured otherwise" if scored else "no corruption scored"
        elif row["protocol"] != protocol.name:
            reason = "under another protocol"
        elif row["split"] != split:
            reason = f"on {row['split']}"
        elif row["images"] != images:
            whole = counted(int(row["images"]), "image")
            reason = f"on all {whole} of the split, the rows above on {images}"
        reasons.append(reason)
    return pd.Series(reasons, results.index, dtype=object)


def _miou_rows(results: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Published results as rows of tables/miou.csv, with "published" in the column source."""
    twice = results["model"].duplicated(keep=False) & (results["crop"] != "")
    names = results["model"].where(~twice, results["model"] + " " + results["crop"])
    scores = results.reindex(columns=list(miou_columns(protocol)))
    leading = {
        "model": names,
        "source": PUBLISHED,
        **{name: results[name] for name in ("dataset", "split", "protocol")},
        "images": results["images"].astype(int),
    }
    table = pd.DataFrame(leading, index=results.index)
    return pd.concat([table, scores], axis=1).reset_index(drop=True)


def _elsewhere(results: pd.DataFrame, reasons: "pd.Series[str]") -> pd.DataFrame:
    """The results that are not ranked, with the columns ELSEWHERE_COLUMNS."""
    rows = results[reasons != ""]
    texts = [_conditions_text(row) for row in rows.to_dict("records")]
    names = (rows["model"] + " " + rows["crop"]).str.strip()
    table = rows.assign(model=names, under=texts, reason=reasons[reasons != ""])
    return table[list(ELSEWHERE_COLUMNS)].reset_index(drop=True)


def _conditions_text(row: Mapping[Any, Any]) -> str:
    """The conditions of a published result: a protocol, or the words of the source."""
    how = table_description(row["source"]).measured
    if row["protocol"] or how is None:
        return str(row["protocol"])
    if how.severities == "none":
        return "clean only"
    return f"{how.corruptions}, severity {how.severities}"
