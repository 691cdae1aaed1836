"""One model with the scores of its runs, over trainings and seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import CONFUSION, MEASURES, derived_scores
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.results.models.confidence_sums import ConfidenceSums, confidence_sums
from robustbench_seg.results.models.hardest_images import HardImage, hardest_images
from robustbench_seg.results.models.missing_images import missing_images
from robustbench_seg.results.models.seeds import seed_means, seeds_text
from robustbench_seg.results.models.trainings import Trainings
from robustbench_seg.results.statistics.draws import RESAMPLES
from robustbench_seg.results.summaries.model_scores import ModelScores
from robustbench_seg.store import (
    NO_MATRICES,
    check_parameters,
    class_scores,
    condition_rows,
    has_counts,
    read_counts,
    with_counts,
)


@dataclass(frozen=True, eq=False)
class ScoredModel:
    """One model with the scores of its runs.

    Attributes:
        name: The model's name.
        folders: Its runs, one for each training and seed of the corruptions.
        records: run.json of each.
        scores: Its scores and their draws.
        image_counts: Number of scored images under each condition with rows: the minimum over
            trainings, the maximum over seeds.
        class_iou: Columns corruption, severity, class, iou (percent, mean over the runs; nan if a
            class does not occur, or images are missing).
        hardest: The images with the lowest scores of its first run; empty if something is missing.
        missing_images: For each incomplete perturbation (or clean), which images lack a score, and
            why.
        confidence: The counts of confidence for each condition; empty if there are none.
        seed_means: Its mean over the corruptions under each seed of their random numbers, in
            percent, if it has several.
    """

    name: str
    folders: tuple[Path, ...]
    records: tuple[RunRecord, ...]
    scores: ModelScores
    image_counts: Mapping[Condition, int]
    class_iou: pd.DataFrame
    hardest: tuple[HardImage, ...]
    missing_images: Mapping[str, str]
    confidence: ConfidenceSums
    seed_means: Mapping[int, float]

    @cached_property
    def scored_classes(self) -> Mapping[Condition, int]:
        """Number of classes in the mIoU of each complete condition.

        A class that occurs in neither truth nor prediction is left out.
        """
        counts = self.class_iou.groupby(["corruption", "severity"], sort=False)["iou"].count()
        return {Condition(*key): int(n) for key, n in counts[counts > 0].items()}  # type: ignore[misc]

    @property
    def training_seeds(self) -> tuple[int | None, ...]:
        """Its training seeds; None if a run does not state it."""
        return tuple(dict.fromkeys(record.training_seed for record in self.records))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the corruptions' random numbers."""
        return tuple(sorted({record.seed for record in self.records}))

    @property
    def seeds_text(self) -> str:
        """Text about its seeds, see seeds_text; empty for a single seed."""
        return seeds_text(self.seeds, [self.seed_means]) if len(self.seeds) > 1 else ""


def read_model(
    folders: list[Path],
    protocol: Protocol,
    resamples: int = RESAMPLES,
    *,
    ranking_score_only: bool = False,
) -> ScoredModel:
    """Score the runs of one model under a protocol.

    Args:
        folders: Its runs (see model_runs).
        protocol: The protocol.
        resamples: Draws of the bootstrap; 0: no intervals.
        ranking_score_only: Read and score confusion matrices alone, which is several times as fast.

    Raises:
        ResultsError: A run is damaged, its images were corrupted with other parameters than the
            protocol's, or no image has a confusion matrix.
    """
    records = tuple(map(read_record, folders))
    for folder, record in zip(folders, records, strict=True):
        check_parameters(protocol, folder, record)
    measures = [CONFUSION] if ranking_score_only else MEASURES
    derived = () if ranking_score_only else derived_scores(records[0])
    results = _rows_of_protocol(read_counts(folders, measures), protocol)
    if with_counts(results).empty:
        named = ", ".join(map(str, folders))
        if has_counts(read_counts(folders)):
            raise ResultsError(f"{named}: {NO_MATRICES}")
        raise ResultsError(f"{named}: no image of this run is scored yet; evaluate it first")
    trainings = Trainings.of(dict(zip(folders, records, strict=True)))
    has_seeds = len({record.seed for record in records}) > 1
    return ScoredModel(
        name=records[0].model,
        folders=tuple(folders),
        records=records,
        scores=bootstrap(
            results,
            protocol,
            resamples,
            trainings=trainings,
            scorers=(*measures, *derived),
        ),
        image_counts=_image_counts(results, trainings.runs),
        class_iou=_class_means(results, trainings.runs),
        hardest=tuple(hardest_images(results[results["run"] == str(folders[0])], protocol)),
        missing_images=missing_images(results, protocol, trainings, records[0].images),
        confidence=confidence_sums(results),
        seed_means=seed_means(results, protocol, len(trainings.runs)) if has_seeds else {},
    )


def _rows_of_protocol(results: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Select the rows of the clean images and of the protocol's conditions."""
    rows = condition_rows(results)
    chosen = [rows[c] for c in (CLEAN, *protocol.conditions()) if c in rows]
    return results.iloc[np.sort(np.concatenate(chosen)) if chosen else []]


def _image_counts(
    results: pd.DataFrame, runs_by_training: Sequence[Sequence[str]]
) -> Mapping[Condition, int]:
    """Count scored images of each condition, see ScoredModel."""
    by_run = {
        str(run): {condition: len(rows) for condition, rows in condition_rows(observed).items()}
        for run, observed in with_counts(results).groupby("run", sort=False)
    }
    conditions = dict.fromkeys(condition for counts in by_run.values() for condition in counts)
    return {
        condition: min(
            max(by_run.get(run, {}).get(condition, 0) for run in runs) for runs in runs_by_training
        )
        for condition in conditions
    }


def _class_means(results: pd.DataFrame, runs_by_training: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Average the IoU of each class over the trainings, and over the complete runs of each.

    It is nan unless each training has a complete run.
    """
    training_of = {run: number for number, runs in enumerate(runs_by_training) for run in runs}
    keys = ["corruption", "severity", "class"]
    scores = class_scores(results)
    order = scores[keys].drop_duplicates()
    scores = scores[scores["complete"]].assign(training=scores["run"].map(training_of))
    means = scores.groupby([*keys, "training"], sort=False)["iou"].mean()
    groups = means.groupby(keys, sort=False)
    complete = groups.size() == len(runs_by_training)
    return order.merge(groups.mean().where(complete).reset_index(), "left", on=keys)
