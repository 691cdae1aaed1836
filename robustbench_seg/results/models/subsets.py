"""Scores under adverse conditions: of a dataset's subsets, and the drop from the reference images.

A run on acdc has images in fog, at night, in rain and in snow, and so four scores besides its own.
A run on acdc-ref has the same places under normal conditions. The difference of the two scores is
the effect of the condition alone, because the places are the same.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pandas as pd

from robustbench_seg.datasets import DATASETS
from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.cards.protocol import load_protocol
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.results.models.trainings import Trainings
from robustbench_seg.results.statistics.draws import RESAMPLES, Draws, score_of
from robustbench_seg.results.statistics.intervals import PERCENT, Interval, score_interval
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ModelScores
from robustbench_seg.store import read_counts, with_counts


@dataclass(frozen=True, eq=False)
class SubsetScore:
    """A score of the clean images of one model.

    Attributes:
        runs: The run folders of the model on the whole dataset.
        dataset: Name of the subset, such as acdc:fog.
        draws: The score and its draws, in percent.
        images: Number of images.
        units: Number of sampling units.
        degrees: Degrees of freedom from the trainings.
    """

    metric: ClassVar[str] = RANKING_SCORE
    """Its name in column `metric`."""

    limits: ClassVar[tuple[float, float]] = PERCENT
    """The smallest and the largest value that it can have."""

    runs: tuple[Path, ...]
    dataset: str
    draws: Draws
    images: int
    units: int
    degrees: int

    @property
    def interval(self) -> Interval:
        """The ends of its 95 % interval; nan if there is none."""
        return score_interval(self.draws, self.units, self.degrees, limits=self.limits)


@dataclass(frozen=True, eq=False)
class DropScore(SubsetScore):
    """The mIoU of the references minus the mIoU of the same places under the condition.

    `images` is the number of places.

    Attributes:
        clear: The mIoU of the references, in percent.
        adverse: The mIoU of the same places under the condition.
    """

    metric: ClassVar[str] = "miou_drop"
    limits: ClassVar[tuple[float, float]] = (-100.0, 100.0)

    clear: float
    adverse: float


def subset_scores(
    models: Sequence[Sequence[Path]], resamples: int = RESAMPLES
) -> Sequence[SubsetScore]:
    """Score the subsets of the datasets of models, and the drops from references.

    Args:
        models: The run folders of each model (see group_runs).
        resamples: Number of bootstrap draws; 0: no intervals.

    Returns:
        For each run with complete clean images, the mIoU of each subset of its dataset without a
        separate run. For each dataset whose references the same model was run on, the drop over the
        places that both runs have. Scores are grouped by model, in the order of `models`.

    Raises:
        ResultsError: A run is damaged.
    """
    records = {tuple(folders): [read_record(folder) for folder in folders] for folders in models}
    found = [
        score
        for group in _groups(records)
        for score in _scores_of_network([_read(runs, records[runs]) for runs in group], resamples)
    ]
    order = list(records)
    return sorted(found, key=lambda score: order.index(score.runs))


def _groups(
    records: Mapping[tuple[Path, ...], Sequence[RunRecord]],
) -> Sequence[Sequence[tuple[Path, ...]]]:
    """Group the runs of models that are the same networks on datasets with conditions."""
    groups = list[list[tuple[Path, ...]]]()
    for runs, own in records.items():
        dataset = DATASETS.get(own[0].dataset)
        if dataset and dataset.has_conditions:
            same = next((g for g in groups if _are_same_networks(records[g[0]], own)), None)
            if same is None:
                groups.append(same := [])
            same.append(runs)
    return groups


@dataclass(frozen=True, eq=False)
class _Images:
    """The clean images of one model on one dataset.

    Attributes:
        runs: The run folders of the model.
        dataset: The dataset, or a subset of it.
        rows: The result of read_counts. If the dataset has references, the column image holds the
            place of each image.
        trainings: The trainings of the model.
    """

    runs: tuple[Path, ...]
    dataset: str
    rows: pd.DataFrame
    trainings: Trainings

    @property
    def names(self) -> frozenset[str]:
        """The images."""
        return frozenset(self.rows["image"])

    def of(self, dataset: str, names: Collection[str]) -> "_Images":
        """Return the images `names` as a separate dataset."""
        return replace(self, dataset=dataset, rows=self.rows[self.rows["image"].isin(names)])

    def scores(self, resamples: int) -> ModelScores:
        """Score these images as a complete run."""
        rows = self.rows.assign(images=len(self.names))
        protocol = load_protocol()  # any protocol will do, because the images are clean
        return bootstrap(
            rows,
            protocol,
            resamples,
            trainings=self.trainings,
            scorers=[CONFUSION],
        )


def _are_same_networks(some: Sequence[RunRecord], others: Sequence[RunRecord]) -> bool:
    """Return whether two models are the same networks on the same split of any two datasets."""
    facts = [
        (records[0].model, records[0].split, [record.key.segmenter for record in records])
        for records in (some, others)
    ]
    return facts[0] == facts[1]


def _read(folders: tuple[Path, ...], records: Sequence[RunRecord]) -> Sequence[_Images]:
    """Return the images of a model's runs and of each subset; none if clean is incomplete."""
    dataset = DATASETS[records[0].dataset]
    rows = with_counts(read_counts(folders, [CONFUSION]))
    rows = rows[rows["corruption"] == CLEAN.name]
    if rows.groupby("run")["image"].nunique().to_dict() != {
        str(folder): record.images for folder, record in zip(folders, records, strict=True)
    }:
        return []
    by_subset = dict[str, list[str]]()
    for image in rows["image"].unique():
        for subset in dataset.subsets(image):
            by_subset.setdefault(subset, []).append(dataset.place(image))
    trainings = Trainings.of(dict(zip(folders, records, strict=True)))
    places = [dataset.place(image) for image in rows["image"]]
    everything = _Images(folders, dataset.name, rows.assign(image=places), trainings)
    return [everything, *(everything.of(name, images) for name, images in by_subset.items())]


def _scores_of_network(runs: Sequence[Sequence[_Images]], resamples: int) -> Iterator[SubsetScore]:
    """Score the subsets of one model, and its drops.

    Args:
        runs: Its images on each dataset, from `_read`.
        resamples: Number of bootstrap draws.
    """
    whole = {images[0].dataset for images in runs if images}
    by_dataset = {
        each.dataset: each
        for images in runs
        for each in images
        if each is images[0] or each.dataset not in whole
    }
    for name, images in by_dataset.items():
        if name not in whole:
            scores = images.scores(resamples)
            yield _score(images, scores, scores.cell(CLEAN))
        clear = by_dataset.get(DATASETS[name].reference or "")
        if clear and images.names & clear.names:
            yield _drop(images, clear, resamples)


def _drop(adverse: _Images, clear: _Images, resamples: int) -> DropScore:
    """Compute the drop from the reference images, over the places that both have."""
    shared = adverse.names & clear.names
    scores, of_clear = (
        each.of(adverse.dataset, shared).scores(resamples) for each in (adverse, clear)
    )
    low, high = scores.cell(CLEAN), of_clear.cell(CLEAN)
    drop = _score(adverse, scores, high - low)
    return DropScore(**vars(drop), clear=score_of(high), adverse=score_of(low))


def _score(images: _Images, scores: ModelScores, draws: Draws) -> SubsetScore:
    return SubsetScore(
        images.runs,
        images.dataset,
        draws,
        len(scores.image_ids),
        scores.units,
        scores.degrees,
    )
