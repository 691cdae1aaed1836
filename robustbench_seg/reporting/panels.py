"""A panel: all runs that compare with each other (one dataset, split, protocol), and their scores.

Published rows stand in a panel's ranking only beside Cityscapes val under Cityscapes-C; every other
panel carries them apart, for reference.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from robustbench_seg.errors import ResultsError
from robustbench_seg.records.protocol import CLEAN, Protocol
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.results import (
    Draws,
    ModelScores,
    ScoredModel,
    check_comparable,
    interval,
    median_seconds,
)


def counted(numbers: Iterable[int], one: str, several: str | None = None) -> str:
    """How many there are, in words; several numbers where it depends on the run.

    >>> counted([1], "image"), counted([4, 24], "image"), counted([2], "class", "classes")
    ('1 image', '4 or 24 images', '2 classes')
    """
    numbers = list(numbers)
    noun = one if numbers == [1] else several or f"{one}s"
    return f"{' or '.join(map(str, numbers))} {noun}"


@dataclass(frozen=True, eq=False)
class Measured:
    """One row of a panel that was measured: a model, whose trainings may be several.

    model:  its name, made unique within the panel
    scored: its runs, and what they score
    """

    model: str
    scored: ScoredModel

    @property
    def drawn(self) -> ModelScores:
        """Its scores in every draw of the images."""
        return self.scored.scores

    @property
    def folder(self) -> Path:
        """The folder of its first run."""
        return self.scored.folders[0]

    @property
    def record(self) -> RunRecord:
        """What run.json of its first run says."""
        return self.scored.records[0]

    @property
    def parameters(self) -> int | None:
        """Number of parameters of the network, where the run states it."""
        return self.record.about.params

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates for one image, where the run states them."""
        return self.record.about.macs

    @cached_property
    def seconds(self) -> float | None:
        """Median time from an image to its labels, as measured while it was run."""
        return median_seconds(self.folder)

    def limits(self, draws: Draws) -> tuple[float, float]:
        """95 % interval of a score of `drawn`; nan where there is none, or one unit only."""
        return interval(draws, self.drawn.units)


@dataclass(frozen=True, eq=False)
class Panel:
    """One ranking. All scores are in percent.

    classes:     names of the dataset's classes
    measured:    the runs, in the order of `scores`
    scores:      columns of tables/miou.csv, the most robust first, incomplete rows last
    severities:  columns of tables/per_severity.csv
    per_class:   columns of tables/per_class.csv
    category_means: mean over each category's corruptions; a row for each of `scores`
    degradation: CD and rCD against `baseline`; a row for each of `scores`; no columns without one
    reference:   published rows that do not rank here, or None
    warnings:    what a reader must know before comparing rows
    """

    dataset: str
    split: str
    protocol: Protocol
    classes: tuple[str, ...]
    measured: tuple[Measured, ...]
    scores: pd.DataFrame
    severities: pd.DataFrame
    per_class: pd.DataFrame
    category_means: pd.DataFrame
    degradation: pd.DataFrame
    baseline: str | None = None
    reference: pd.DataFrame | None = None
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Dataset, split and protocol, as headings name them."""
        return f"{self.dataset} {self.split} ({self.protocol.name})"

    @property
    def facts(self) -> str:
        """What was measured here, in one line."""
        count = sum(len(run.scored.folders) for run in self.measured)
        counts = sorted({run.record.images for run in self.measured})
        return (
            f"{counted([count], 'measured run')}, {counted(counts, 'image')}, "
            f"{counted([len(self.classes)], 'class', 'classes')}, protocol {self.protocol.name} "
            f"version {self.protocol.version}"
        )

    @property
    def drawn_over(self) -> str:
        """What the draws of an interval are of, in words: its unit, and trainings if several."""
        unit = self.measured[0].drawn.unit
        several = any(run.drawn.trainings > 1 for run in self.measured)
        return f"{unit} and trainings" if several else unit

    @property
    def shows_published(self) -> bool:
        """Whether published rows are here: in the ranking, or apart from it."""
        return self.reference is not None or "published" in set(self.scores["source"])

    @cached_property
    def complete(self) -> pd.DataFrame:
        """The measured rows that have every scored condition and clean, the most robust first."""
        own = self.scores[self.scores["source"] == "measured"]
        return own[own["mean"].notna() & own["clean"].notna()]

    @cached_property
    def ranks(self) -> tuple[str, ...]:
        """For each row of `scores` its place: "1" for the most robust, "" without a mean.

        Rows that follow the first of a place and whose difference from it is not established
        (its paired interval holds 0) share that place, and all of them are marked: "2=". Of
        published rows no image is at hand: they share none.
        """
        places: list[int] = []
        leader: str | None = None
        for row in self.scores.to_dict("records"):
            model = row["model"] if row["source"] == "measured" else None
            gap = self.difference(leader, model) if leader and model else None
            tied = gap is not None and gap[0] <= 0 <= gap[1]
            places.append(places[-1] if tied else len(places) + 1)
            if not tied:
                leader = model
        shared = Counter(places)
        return tuple(
            "" if pd.isna(mean) else f"{place}{'=' if shared[place] > 1 else ''}"
            for place, mean in zip(places, self.scores["mean"], strict=True)
        )

    @cached_property
    def mean_span(self) -> tuple[float, float]:
        """The ends of all intervals of the mean: the track on which they are drawn."""
        ends = [end for model in self.complete["model"] for end in self.interval(model)]
        ends = [end for end in ends if not math.isnan(end)]
        return (min(ends), max(ends)) if ends else (0.0, 100.0)

    def run(self, model: str) -> Measured:
        """The run called `model`."""
        return next(run for run in self.measured if run.model == model)

    def interval(self, model: str) -> tuple[float, float]:
        """95 % interval of a model's mean over the corruptions."""
        run = self.run(model)
        return run.limits(run.drawn.mean)

    def difference(self, first: str, second: str) -> tuple[float, float] | None:
        """95 % interval of first - second, paired by image; None if they do not compare, or of a
        single unit.
        """
        a, b = self.run(first).scored, self.run(second).scored
        try:
            check_comparable(a, b)
        except ResultsError:
            return None
        if a.scores.units == 1:
            return None
        return interval(a.scores.mean - b.scores.mean, a.scores.units)

    def class_grid(self, model: str) -> pd.DataFrame:
        """Class x (clean, corruptions): IoU, mean over scored severities, nan where incomplete."""
        mine = self.per_class[self.per_class["model"] == model]
        scored = {CLEAN.name: (0,), **{s.name: s.scored for s in self.protocol.corruptions}}
        columns = {}
        for corruption, levels in scored.items():
            rows = mine[mine["corruption"] == corruption]
            grid = rows.pivot(index="class", columns="severity", values="iou")
            grid = grid.reindex(index=list(self.classes), columns=list(levels)).astype(float)
            columns[corruption] = grid.mean(axis=1, skipna=False)
        return pd.DataFrame(columns)


def names_of(runs: Sequence[tuple[str, Path]]) -> list[str]:
    """Names of a panel's rows: the model's, and the end of the run folder's where two share one."""
    models = [model for model, _ in runs]
    return [
        model if models.count(model) == 1 else f"{model} [{folder.name.rsplit('-', 1)[-1]}]"
        for model, folder in runs
    ]
