"""A model of a study, scored: from its run, or its runs, where it was trained anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from robustbench_seg.errors import CardError, ResultsError
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol, load_protocol
from robustbench_seg.records.run_record import RunRecord, read_record
from robustbench_seg.results.hardest import HardImage, hardest
from robustbench_seg.results.intervals import RESAMPLES, ModelScores, bootstrap
from robustbench_seg.results.missing import missing_text
from robustbench_seg.results.read import places_of, read_counts, with_counts
from robustbench_seg.results.scores import class_scores, condition_scores

_CONDITION = ["corruption", "severity"]


@dataclass(frozen=True, eq=False)
class ScoredModel:
    """One model, scored.

    folders: its runs, one a training
    records: run.json of each
    scores:  its scores and their draws
    images:  how many are scored under each condition that has rows; of several trainings, the least
    class_iou: columns corruption, severity, class, iou (percent, mean over the trainings; nan where
        a class does not occur, or images are missing)
    hardest: the images on which its first run did worst; none while something is missing
    missing: for each corruption (or clean) that lacks something, what and why
    """

    name: str
    folders: tuple[Path, ...]
    records: tuple[RunRecord, ...]
    scores: ModelScores
    images: Mapping[Condition, int]
    class_iou: pd.DataFrame
    hardest: tuple[HardImage, ...]
    missing: Mapping[str, str]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds it was trained with; None where a run does not say."""
        return tuple(record.training_seed for record in self.records)


def read_model(folders: list[Path], protocol: Protocol, resamples: int = RESAMPLES) -> ScoredModel:
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
    if with_counts(results).empty:
        named = ", ".join(map(str, folders))
        raise ResultsError(f"{named}: no image of this run is scored yet; evaluate it first")
    lacking = dict[str, dict[str, None]]()
    for folder, record in zip(folders, records, strict=True):
        rows = results[results["run"] == str(folder)]
        for name, what in missing_text(rows, protocol, record.images).items():
            lacking.setdefault(name, {})[what] = None
    conditions = condition_scores(results)
    counts = dict[Condition, list[int]]()
    for name, level, count in zip(
        conditions["corruption"], conditions["severity"], conditions["images"], strict=True
    ):
        counts.setdefault(Condition(name, level), []).append(count)
    images = {c: min(n) if len(n) == len(folders) else 0 for c, n in counts.items()}
    return ScoredModel(
        records[0].model,
        tuple(folders),
        records,
        bootstrap(results, protocol, resamples, _trained(records), len(folders)),
        images,
        _class_rows(results, conditions, len(folders)),
        tuple(hardest(results[results["run"] == str(folders[0])], protocol)),
        {name: "; ".join(what) for name, what in lacking.items()},
    )


def _trained(records: Sequence[RunRecord]) -> str | None:
    """The weights of all runs; None where one does not say."""
    weights = [record.key.segmenter.weights for record in records]
    return None if None in weights else " ".join(map(str, weights))


def _class_rows(results: pd.DataFrame, conditions: pd.DataFrame, runs: int) -> pd.DataFrame:
    rows = class_scores(results)
    complete = conditions.groupby(_CONDITION)["complete"].sum() == runs
    index = pd.MultiIndex.from_frame(rows[_CONDITION])
    rows["iou"] = rows["iou"].where(complete.reindex(index).to_numpy(bool))
    means = rows.groupby([*_CONDITION, "class"], sort=False)[["iou"]].mean()
    return means.reset_index()


def own_protocol(folder: Path, record: RunRecord) -> Protocol:
    """The protocol that a run was made under. ResultsError if it is not at hand."""
    try:
        return load_protocol(record.protocol)
    except CardError as error:
        raise ResultsError(
            f"{folder}: its protocol is not at hand: {error}; name the protocol's file"
        ) from None


def _check_made_for(protocol: Protocol, folder: Path, record: RunRecord) -> None:
    if not _made_for(protocol, record):
        ran = f"{record.protocol} {record.protocol_version}".strip()
        raise ResultsError(
            f"{folder}: its images were corrupted as {ran} says, with other parameters than "
            f"those of {protocol.name} {protocol.version}; score runs of the two apart"
        )


def _made_for(protocol: Protocol, record: RunRecord) -> bool:
    severities = record.key.corruption.severities
    if severities == protocol.severities_digest:
        return True
    try:  # the digest is of all its corruptions; of another protocol, those in common count
        own = load_protocol(record.protocol)
    except CardError:
        return False
    theirs = {spec.name: spec.severities for spec in own.corruptions}
    return own.severities_digest == severities and all(
        theirs.get(spec.name, spec.severities) == spec.severities for spec in protocol.corruptions
    )
