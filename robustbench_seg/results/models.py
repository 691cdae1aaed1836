"""A model of a study, scored: from its run, or its runs, where it was trained anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol, load_protocol
from robustbench_seg.results.counts import places_of
from robustbench_seg.results.groups import training_seed
from robustbench_seg.results.hardest import Hard, hardest
from robustbench_seg.results.intervals import RESAMPLES, Bootstrap, bootstrap
from robustbench_seg.results.missing import missing
from robustbench_seg.results.read import read_counts
from robustbench_seg.results.scores import class_scores, condition_scores
from robustbench_seg.results.store import read_record

_CONDITION = ["corruption", "severity"]


@dataclass(frozen=True, eq=False)
class Model:
    """One model, scored.

    folders: its runs, one a training
    records: run.json of each
    drawn:   its scores and their draws
    images:  how many are scored under each condition that has rows; of several trainings, the least
    classes: columns corruption, severity, class, iou (percent, mean over the trainings; nan where
        a class does not occur, or images are missing)
    hardest: the images on which its first run did worst; none while something is missing
    missing: for each corruption (or clean) that lacks something, what and why
    """

    name: str
    folders: tuple[Path, ...]
    records: tuple[Mapping[str, Any], ...]
    drawn: Bootstrap
    images: Mapping[Condition, int]
    classes: pd.DataFrame
    hardest: tuple[Hard, ...]
    missing: Mapping[str, str]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds it was trained with; None where a run does not say."""
        return tuple(map(training_seed, self.records))


def read_model(folders: list[Path], protocol: Protocol, resamples: int = RESAMPLES) -> Model:
    """Score the runs of one model (see model_runs) under a protocol.

    Raises ResultsError for a broken run, for one whose images were corrupted with other parameters
    than the protocol's, and where no image is scored yet.
    """
    records = tuple(map(read_record, folders))
    for folder, record in zip(folders, records, strict=True):
        _check_made_for(protocol, folder, record)
    results = read_counts(folders)
    places, wanted = places_of(results), (CLEAN, *protocol.conditions())
    asked = [places[condition] for condition in wanted if condition in places]
    results = results.iloc[np.sort(np.concatenate(asked)) if asked else []]
    if not results["counts"].notna().any():
        named = ", ".join(map(str, folders))
        raise ResultsError(f"{named}: no image of this run is scored yet; evaluate it first")
    lacking: dict[str, dict[str, None]] = {}
    for folder, record in zip(folders, records, strict=True):
        rows = results[results["run"] == str(folder)]
        for name, what in missing(rows, protocol, int(record["images"])).items():
            lacking.setdefault(name, {})[what] = None
    conditions = condition_scores(results)
    counts: dict[Condition, list[int]] = {}
    for name, level, count in zip(
        conditions["corruption"], conditions["severity"], conditions["images"], strict=True
    ):
        counts.setdefault(Condition(name, level), []).append(count)
    images = {c: min(n) if len(n) == len(folders) else 0 for c, n in counts.items()}
    return Model(
        str(records[0]["model"]),
        tuple(folders),
        records,
        bootstrap(results, protocol, resamples, _trained(records), len(folders)),
        images,
        _class_rows(results, conditions, len(folders)),
        tuple(hardest(results[results["run"] == str(folders[0])], protocol)),
        {name: "; ".join(what) for name, what in lacking.items()},
    )


def _trained(records: Sequence[Mapping[str, Any]]) -> str | None:
    """The weights of all runs; None where one does not tell them."""
    weights = [record["key"].get("segmenter", {}).get("weights") for record in records]
    return None if None in weights else " ".join(map(str, weights))


def _class_rows(results: pd.DataFrame, conditions: pd.DataFrame, runs: int) -> pd.DataFrame:
    rows = class_scores(results)
    complete = conditions.groupby(_CONDITION)["complete"].sum() == runs
    index = pd.MultiIndex.from_frame(rows[_CONDITION])
    rows["iou"] = rows["iou"].where(complete.reindex(index).to_numpy(bool))
    means = rows.groupby([*_CONDITION, "class"], sort=False)[["iou"]].mean()
    return means.reset_index()


def own_protocol(folder: Path, record: Mapping[str, Any]) -> Protocol:
    """The protocol that a run was made under. ResultsError if it is not at hand."""
    name = str(record.get("protocol"))
    try:
        return load_protocol(name)
    except CardError as error:
        raise ResultsError(
            f"{folder}: its protocol is not at hand: {error}; give it with --protocol"
        ) from None


def _check_made_for(protocol: Protocol, folder: Path, record: Mapping[str, Any]) -> None:
    if not _made_for(protocol, record):
        ran = f"{record.get('protocol')} {record.get('protocol_version', '')}".strip()
        raise ResultsError(
            f"{folder}: its images were corrupted as {ran} says, with other parameters than "
            f"those of {protocol.name} {protocol.version}; score runs of the two apart"
        )


def _made_for(protocol: Protocol, record: Mapping[str, Any]) -> bool:
    made = record["key"].get("corruption", {}).get("severities", protocol.severities_digest)
    if made == protocol.severities_digest:
        return True
    try:  # the digest is of all its corruptions; of another protocol, those in common count
        own = load_protocol(str(record.get("protocol")))
    except CardError:
        return False
    theirs = {spec.name: spec.severities for spec in own.corruptions}
    return own.severities_digest == made and all(
        theirs.get(spec.name, spec.severities) == spec.severities for spec in protocol.corruptions
    )
