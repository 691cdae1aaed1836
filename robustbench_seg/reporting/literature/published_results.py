"""Which published results rank beside measured ones, and why the others do not."""

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
        ranked: Those that were scored on the same images under the same protocol. Columns of
            tables/miou.csv: model (with the crop of its training where that tells two rows apart),
            source ("published"), dataset, split, protocol, images, and in percent clean, each
            corruption (nan where a source prints means alone), mean and retention.
        benchmark: Where none ranks, those of the benchmark's own table (see
            TableDescription.benchmark), with the same columns.
        sources: Names of the published tables that these are from.
        elsewhere: The others of the dataset, with the columns ELSEWHERE_COLUMNS.
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
        return " ".join(table_description(source).reference_text for source in self.sources)


def published_results(
    dataset: str, split: str, protocol: Protocol, images: int, *, all_classes: bool = True
) -> PublishedResults:
    """Find the published results that belong to a ranking of measured models.

    Those whose cells are flagged by the audit do not rank.

    Args:
        dataset: Name of the dataset.
        split: Its split.
        protocol: The protocol that the measured models are scored under.
        images: Number of images that they are scored on.
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
        sources=tuple(dict.fromkeys([*ranked["source"], *benchmark["source"]])),
        elsewhere=_elsewhere(of_dataset, reasons),
    )


def published_extent(model: str) -> str | None:
    """Return what a published model was scored on, in words; None if no result has this name.

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
    """Why each result of a dataset does not rank beside those of so many images of a split.

    Args:
        results: Rows of `literature`.
        split: The split of the measured models.
        protocol: The protocol that they are scored under.
        images: Number of images that they are scored on.

    Returns:
        Indexed as the rows; empty for one that ranks.
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
    """Published results as rows of tables/miou.csv, whose column source says "published"."""
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
    """The results that have a reason not to rank, with the columns ELSEWHERE_COLUMNS."""
    rows = results[reasons != ""]
    texts = [_conditions_text(row) for row in rows.to_dict("records")]
    names = (rows["model"] + " " + rows["crop"]).str.strip()
    table = rows.assign(model=names, under=texts, reason=reasons[reasons != ""])
    return table[list(ELSEWHERE_COLUMNS)].reset_index(drop=True)


def _conditions_text(row: Mapping[Any, Any]) -> str:
    """What a published result was measured under: a protocol, or the source's own words."""
    how = table_description(row["source"]).measured
    if row["protocol"] or how is None:
        return str(row["protocol"])
    if how.severities == "none":
        return "clean only"
    return f"{how.corruptions}, severity {how.severities}"
