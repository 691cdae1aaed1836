"""Run folders -> panels. All scores come from `results`; here they are only put side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError, unknown
from robustbench_seg.protocol import CLEAN, Condition, Protocol
from robustbench_seg.reporting import published
from robustbench_seg.reporting.degradation import degradation
from robustbench_seg.reporting.panels import Measured, Panel, names_of
from robustbench_seg.results import (
    Bootstrap,
    bootstrap,
    category_means,
    class_scores,
    clean_gap,
    condition_intervals,
    condition_scores,
    find_runs,
    missing,
    own_protocol,
    protocol_scores,
    read_counts,
    read_record,
)


@dataclass(frozen=True, eq=False)
class _Scored:
    """One run, scored; its images' counts are not kept."""

    folder: Path
    record: dict[str, Any]
    protocol: Protocol
    scores: pd.DataFrame
    severities: pd.DataFrame
    per_class: pd.DataFrame
    drawn: Bootstrap
    missing: dict[str, str]


def read_panels(
    runs: Iterable[Path | str],
    *,
    reference: str | None = None,
    protocol: Protocol | None = None,
) -> list[Panel]:
    """Score run folders (or folders of them) and group them: one panel a dataset, split, protocol.

    reference: the model that CD and rCD are against; a measured or a published one
    protocol:  score all runs under this one; None: each under its own

    Raises ResultsError for a folder that holds no run, a broken run, runs of one dataset with
    other classes, a protocol that is not at hand, and a reference that is in no panel.
    """
    groups: dict[tuple[str, str, str], list[_Scored]] = {}
    for folder in find_runs(runs):
        scored = _score(folder, protocol)
        key = (scored.record["dataset"], scored.record["split"], scored.protocol.name)
        groups.setdefault(key, []).append(scored)
    panels = [_panel(group, reference) for group in groups.values()]
    if reference is not None and all(panel.baseline is None for panel in panels):
        known = dict.fromkeys(model for panel in panels for model in panel.scores["model"])
        raise ResultsError(f"--reference: {unknown('model', reference, known)}")
    return panels


def _score(folder: Path, protocol: Protocol | None) -> _Scored:
    record = read_record(folder)
    protocol = protocol or own_protocol(folder, record)
    results = read_counts(folder)
    wanted = {CLEAN, *protocol.conditions()}
    pairs = zip(results["corruption"], results["severity"], strict=True)
    results = results[np.array([Condition(c, s) in wanted for c, s in pairs], bool)]
    if not results["counts"].notna().any():
        raise ResultsError(f"{folder}: no image of this run is scored yet; evaluate it first")
    conditions = condition_scores(results)
    drawn = bootstrap(results, protocol)
    limits = condition_intervals({str(folder): drawn})
    severities = conditions.merge(limits, on=["run", "corruption", "severity"])
    severities.loc[~severities["complete"], ["miou", "ci_low", "ci_high"]] = float("nan")
    return _Scored(
        folder,
        record,
        protocol,
        protocol_scores(conditions, protocol),
        severities,
        _class_rows(results, conditions),
        drawn,
        missing(results, protocol, int(record["images"])),
    )


def _class_rows(results: pd.DataFrame, conditions: pd.DataFrame) -> pd.DataFrame:
    rows = class_scores(results)
    complete = conditions.set_index(["corruption", "severity"])["complete"]
    index = pd.MultiIndex.from_frame(rows[["corruption", "severity"]])
    rows["iou"] = rows["iou"].where(complete.reindex(index).to_numpy(bool))
    return rows


def _panel(group: Sequence[_Scored], reference: str | None) -> Panel:
    first = group[0]
    classes = tuple(first.record["classes"])
    dataset, split, protocol = first.record["dataset"], first.record["split"], first.protocol
    for other in group[1:]:
        if tuple(other.record["classes"]) != classes:
            raise ResultsError(
                f"{first.folder} and {other.folder}: other classes of one dataset ({dataset} "
                f"{split}) cannot be ranked together; report them apart"
            )
    names = names_of([(scored.record["model"], scored.folder) for scored in group])
    by_name = dict(zip(names, group, strict=True))
    literature = published.cityscapes_c()
    here = (dataset, split, protocol.name)
    ranks_published = here == (published.DATASET, published.SPLIT, published.PROTOCOL)
    rows = [_row(scored, name) for name, scored in by_name.items()]
    scores = pd.concat([*rows, literature] if ranks_published else rows, ignore_index=True)
    scores = scores.sort_values(["mean", "model"], ascending=[False, True], kind="stable")
    scores = scores.reset_index(drop=True)
    own = {str(n): by_name[n] for n in scores.loc[scores["source"] == "measured", "model"]}
    baseline = reference if reference in set(scores["model"]) else None
    apart = protocol.name == published.PROTOCOL and not ranks_published
    return Panel(
        dataset=dataset,
        split=split,
        protocol=protocol,
        classes=classes,
        measured=tuple(
            Measured(name, one.folder, one.record, one.missing, one.drawn)
            for name, one in own.items()
        ),
        scores=scores,
        severities=_stacked([_severity_rows(one, name) for name, one in own.items()]),
        per_class=_stacked([one.per_class.assign(model=name) for name, one in own.items()])[
            ["model", "dataset", "split", "corruption", "severity", "class", "iou"]
        ],
        category_means=category_means(scores, protocol),
        degradation=degradation(scores, protocol, baseline),
        baseline=baseline,
        reference=literature if apart else None,
        warnings=_warnings(group, ranks_published),
    )


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(tables, ignore_index=True)


def _row(scored: _Scored, name: str) -> pd.DataFrame:
    row = scored.scores.assign(model=name).drop(columns="run")
    row.insert(1, "source", "measured")
    row.insert(4, "protocol", scored.protocol.name)
    return row


def _severity_rows(scored: _Scored, name: str) -> pd.DataFrame:
    protocol, rows = scored.protocol, scored.severities.assign(model=name)
    place = {condition: i for i, condition in enumerate((CLEAN, *protocol.conditions()))}
    conditions = [
        Condition(str(c), int(s)) for c, s in zip(rows["corruption"], rows["severity"], strict=True)
    ]
    category = {CLEAN.corruption: CLEAN.corruption}
    category |= {spec.name: spec.category for spec in protocol.corruptions}
    rows["category"] = [category[condition.corruption] for condition in conditions]
    rows["scored"] = [condition in protocol.scored_conditions for condition in conditions]
    rows["place"] = [place[condition] for condition in conditions]
    columns = ["model", "dataset", "split", "corruption", "category", "severity", "scored"]
    return rows.sort_values("place")[[*columns, "images", "miou", "ci_low", "ci_high"]]


def _warnings(group: Sequence[_Scored], ranks_published: bool) -> tuple[str, ...]:
    gaps = (clean_gap(scored.record, float(scored.scores["clean"].iloc[0])) for scored in group)
    said = [f"{gap}." for gap in gaps if gap]
    facts = {"images": "numbers of images", "stream": "streams", "seed": "seeds"}
    for fact, name in {**facts, "protocol_version": "versions of the protocol"}.items():
        values = dict.fromkeys(str(scored.record.get(fact)) for scored in group)
        if len(values) > 1:
            said.append(
                f"The rows have different {name} ({', '.join(values)}): see the provenance of "
                "each before comparing them."
            )
    counts = {int(scored.record["images"]) for scored in group} - {published.IMAGES}
    if ranks_published and counts:
        said.append(
            f"Measured rows are on {' or '.join(map(str, sorted(counts)))} images, published rows "
            f"on {published.IMAGES}: they do not compare."
        )
    return tuple(said)
