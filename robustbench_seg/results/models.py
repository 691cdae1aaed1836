"""One model and the scores of its run, or of the runs of its trainings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.protocol import CLEAN, Condition, Protocol
from robustbench_seg.records.run_file import read_record
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.results.bootstrap import RESAMPLES, bootstrap
from robustbench_seg.results.groups import NO_MATRICES
from robustbench_seg.results.hardest import HardImage, hardest
from robustbench_seg.results.missing import missing_text
from robustbench_seg.results.model_scores import ModelScores
from robustbench_seg.results.read import has_counts, places_of, read_counts, with_counts
from robustbench_seg.results.run_protocol import check_parameters
from robustbench_seg.results.scores import class_scores


@dataclass(frozen=True, eq=False)
class ScoredModel:
    """One model with the scores of its runs.

    Attributes:
        name: The model's name.
        folders: Its runs, one for each training.
        records: run.json of each.
        scores: Its scores and their draws.
        images: How many images are scored under each condition that has rows; of several
            trainings, the least.
        class_iou: Columns corruption, severity, class, iou (percent, mean over the trainings; nan
            where a class does not occur, or images are missing).
        hardest: The images on which its first run did worst; none while something is missing.
        missing: For each corruption (or clean) that lacks something, what and why.
    """

    name: str
    folders: tuple[Path, ...]
    records: tuple[RunRecord, ...]
    scores: ModelScores
    images: Mapping[Condition, int]
    class_iou: pd.DataFrame
    hardest: tuple[HardImage, ...]
    missing: Mapping[str, str]

    @cached_property
    def scored_classes(self) -> Mapping[Condition, int]:
        """Over how many classes the mIoU of each complete condition is a mean.

        A class that occurs in neither truth nor prediction is left out.
        """
        counts = self.class_iou.groupby(["corruption", "severity"], sort=False)["iou"].count()
        return {Condition(*key): int(n) for key, n in counts[counts > 0].items()}  # type: ignore[misc]

    @property
    def seeds(self) -> tuple[int | None, ...]:
        """The seeds it was trained with; None where a run does not say."""
        return tuple(record.training_seed for record in self.records)


def read_model(folders: list[Path], protocol: Protocol, resamples: int = RESAMPLES) -> ScoredModel:
    """Score the runs of one model under a protocol.

    Args:
        folders: One run, or those of several trainings (see model_runs).
        protocol: The protocol.
        resamples: Draws of the bootstrap; 0: no intervals.

    Raises:
        ResultsError: A run is broken, its images were corrupted with other parameters than the
            protocol's, or no image has a confusion matrix.
    """
    records = tuple(map(read_record, folders))
    for folder, record in zip(folders, records, strict=True):
        check_parameters(protocol, folder, record)
    results = read_counts(folders)
    places, conditions = places_of(results), (CLEAN, *protocol.conditions())
    chosen = [places[condition] for condition in conditions if condition in places]
    results = results.iloc[np.sort(np.concatenate(chosen)) if chosen else []]
    observed = with_counts(results)
    if observed.empty:
        named = ", ".join(map(str, folders))
        if has_counts(results):
            raise ResultsError(f"{named}: {NO_MATRICES}")
        raise ResultsError(f"{named}: no image of this run is scored yet; evaluate it first")
    lacking = dict[str, dict[str, None]]()
    for folder, record in zip(folders, records, strict=True):
        rows = results[results["run"] == str(folder)]
        for name, what in missing_text(rows, protocol, record.images).items():
            lacking.setdefault(name, {})[what] = None
    counts = dict[Condition, list[int]]()
    for _, rows in observed.groupby("run", sort=False):
        for condition, rows_of_condition in places_of(rows).items():
            counts.setdefault(condition, []).append(len(rows_of_condition))
    images = {c: min(n) if len(n) == len(folders) else 0 for c, n in counts.items()}
    return ScoredModel(
        records[0].model,
        tuple(folders),
        records,
        bootstrap(results, protocol, resamples, _weights_text(records), len(folders)),
        images,
        _class_means(results, len(folders)),
        tuple(hardest(results[results["run"] == str(folders[0])], protocol)),
        {name: "; ".join(what) for name, what in lacking.items()},
    )


def _weights_text(records: Sequence[RunRecord]) -> str | None:
    """The weights of all runs; None where one does not say."""
    weights = [record.key.segmenter.weights for record in records]
    return None if None in weights else " ".join(map(str, weights))


def _class_means(results: pd.DataFrame, runs: int) -> pd.DataFrame:
    """Means over the runs; nan unless all runs have all images of a condition."""
    groups = class_scores(results).groupby(["corruption", "severity", "class"], sort=False)
    complete = groups["complete"].sum() == runs
    return groups["iou"].mean().where(complete).reset_index()
