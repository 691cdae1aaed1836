"""How far a score depends on which images the split happens to hold: the bootstrap.

The sampling units are drawn with replacement, as many as there are, 1000 times; each draw pools
its matrices and scores them anew (Efron, "Bootstrap methods", 1979; percentile intervals,
expanded where units are few). A unit is an image, or a clip of consecutive frames where the images
are those of a video, as the dataset says (see units). All conditions and all models on the same
images see the same draws, so differences are paired.

Where one model was trained several times (runs that differ in the seed of training alone), its
scores are means over the trainings, and each draw of the images draws the trainings with
replacement, too, on its own for each model; the same trainings, scored in two ways, see the same
draws. With one training the luck of training is not covered; with few, the share of it comes out at
(n - 1) / n of what it is. The random numbers of the corruptions are never covered.
"""

import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.special
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.measures import CONFUSION, MEASURES, Measure
from robustbench_seg.records.protocol import Condition, Protocol
from robustbench_seg.results.read import places_of, with_counts
from robustbench_seg.results.scores import Summary, summarise
from robustbench_seg.results.units import unit_name, unit_of_image

RESAMPLES = 1000
SEED = 0
LEVEL = 95.0

RANKED = "miou"
"""The score that ranks models."""

FEW = 30
"""Below so many units a percentile interval is too narrow to be taken at its word."""

Draws = NDArray[np.float64]
"""A score and its draws: float64 (1 + resamples,); the first is of the images as they are."""


@dataclass(frozen=True, eq=False)
class ScoreDraws:
    """One score of a model in every draw, in percent.

    conditions: of each condition that has rows; nan in every draw unless all images are there
    summary:    what the protocol makes of them
    """

    conditions: Mapping[Condition, Draws]
    summary: Summary

    def cell(self, condition: Condition) -> Draws:
        """The score of a condition; nan in every draw where it has none."""
        return self.conditions.get(condition, np.full_like(self.summary.clean, np.nan))


@dataclass(frozen=True, eq=False)
class ModelScores:
    """The scores of one model, and what they are in every draw.

    by_name:    of every measure, by their names
    images:     those that are drawn from, sorted
    clip:       the dataset's (see units)
    units:      how many units there are
    trainings:  how many runs the scores are means of
    """

    by_name: Mapping[str, ScoreDraws]
    images: tuple[str, ...]
    clip: int
    units: int
    trainings: int

    @property
    def conditions(self) -> Mapping[Condition, Draws]:
        """The mIoU of each condition that has rows."""
        return self.by_name[RANKED].conditions

    @property
    def summary(self) -> Summary:
        """What the protocol makes of the mIoU."""
        return self.by_name[RANKED].summary

    @property
    def mean(self) -> Draws:
        """Mean of the mIoU over the corruptions."""
        return self.summary.mean

    def cell(self, condition: Condition) -> Draws:
        """The mIoU of a condition; nan in every draw where it has none."""
        return self.by_name[RANKED].cell(condition)

    @property
    def unit(self) -> str:
        """What is drawn, in words."""
        return unit_name(self.clip)


def bootstrap(
    results: pd.DataFrame,
    protocol: Protocol,
    resamples: int = RESAMPLES,
    trained: str | None = None,
    trainings: int | None = None,
) -> ModelScores:
    """Draw the images of one model `resamples` times and score each draw.

    results: rows of one run, or of several that are trainings of one model (see model_runs), as
        read_results or read_counts gives them
    trained: what tells its trainings, in their order, from those of another model; None: its name
    trainings: how many there are, where some may have no rows yet: there is no score then

    Raises ResultsError if no image is scored yet.
    """
    there = with_counts(results)
    if there.empty:
        named = ", ".join(results["run"].unique()) or "the run"
        raise ResultsError(f"{named}: no image is scored yet; evaluate it first")
    if there["model"].nunique() > 1:
        raise ValueError(f"rows of one model wanted, not of {there['model'].nunique()}")
    clip = int(there["clip"].iloc[0])
    images = tuple(sorted(there["image"].unique()))
    of_image = unit_of_image(images, clip)
    times = _times(of_image, resamples)
    count = max(there["run"].nunique(), trainings or 0)
    chosen = _trainings(trained or str(there["model"].iloc[0]), count, resamples)
    scores = dict[str, ScoreDraws]()
    for measure in MEASURES:
        rows = there if measure is CONFUSION else with_counts(results, measure)
        scores |= _drawn_scores(rows, measure, protocol, times, chosen)
    return ModelScores(scores, images, clip, int(of_image.max()) + 1, count)


def _drawn_scores(
    rows: pd.DataFrame,
    measure: Measure,
    protocol: Protocol,
    times: NDArray[np.float64],
    chosen: NDArray[np.float64],
) -> Mapping[str, ScoreDraws]:
    """The scores of a measure, by name.

    rows: those that it observed, with a column `counts`
    """
    runs = [_drawn(some, measure, times) for _, some in rows.groupby("run", sort=False)]
    runs += [{}] * (len(chosen) - len(runs))
    nothing = np.full(len(times), np.nan)
    drawn = {}
    for score in measure.infos:
        conditions = dict[Condition, Draws]()
        for condition in dict.fromkeys(condition for run in runs for condition in run):
            each = np.stack([run.get(condition, {}).get(score.name, nothing) for run in runs])
            conditions[condition] = (chosen * each).sum(axis=0)
        drawn[score.name] = ScoreDraws(conditions, summarise(conditions, protocol, nothing.shape))
    return drawn


def interval(draws: Draws, units: int) -> tuple[float, float]:
    """The expanded percentile interval of LEVEL percent; nan where a draw has no score.

    nan, too, of a single unit, whose draws are all the same.
    Few units spread too little in their own draws: plain percentiles would hold the truth in 90 %
    of cases with ten units. So they are taken further out, by as much as Student's t with
    units - 1 degrees of freedom asks for (Hesterberg, "What teachers should know about the
    bootstrap", The American Statistician 2015, section 5.2); with 500 units that is nothing.
    """
    if units == 1:
        return math.nan, math.nan
    quantile = scipy.special.stdtrit(units - 1, 0.5 + LEVEL / 200)
    tail = 100 * float(scipy.special.ndtr(-quantile * math.sqrt(units / (units - 1))))
    low, high = np.percentile(draws[1:], [tail, 100 - tail])
    return float(low), float(high)


def check_paired(first: ModelScores, second: ModelScores) -> None:
    """ResultsError unless two models were scored on the same images, drawn in the same way."""
    if first.images != second.images:
        raise ResultsError(
            f"runs on {len(first.images)} and {len(second.images)} images that are not the same "
            "cannot be compared in pairs; evaluate both on the same images"
        )
    if first.clip != second.clip:
        raise ResultsError(
            f"runs whose sampling units are {first.unit} and {second.unit} cannot be compared in "
            "pairs; a run keeps the clip that it began with: remove one, and evaluate it again"
        )


def _drawn(
    rows: pd.DataFrame, measure: Measure, times: NDArray[np.float64]
) -> Mapping[Condition, Mapping[str, Draws]]:
    """The scores of each condition of one run in every draw; nan unless all images are there."""
    rows = rows.sort_values("image")
    total, counts = int(rows["images"].iloc[0]), rows["counts"].to_numpy(object)
    drawn = dict[Condition, Mapping[str, Draws]]()
    for condition, those in places_of(rows).items():
        drawn[condition] = {}
        if len(those) == total == times.shape[1]:
            stack = np.stack(list(counts[those])).astype(np.float64)
            # One matrix product for all draws; sums of counts stay far below 2^53: they are exact.
            pooled = times @ stack.reshape(total, -1)
            drawn[condition] = measure.compute(pooled.reshape(-1, *stack.shape[1:]))
    return drawn


def _times(of_image: NDArray[np.intp], resamples: int) -> NDArray[np.float64]:
    """How often each image counts: (1 + resamples, images), a function of its arguments alone.

    The first row is the split itself, each image once; the others are draws of its units.
    """
    count = int(of_image.max()) + 1
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    return np.concatenate([np.ones((1, count)), drawn])[:, of_image]


def _trainings(trained: str, count: int, resamples: int) -> NDArray[np.float64]:
    """The share of each training in each draw: (trainings, 1 + resamples).

    Seeded by what was trained: trainings of two models have nothing to do with each other.
    """
    generator = np.random.default_rng([SEED, zlib.crc32(trained.encode())])
    drawn = generator.multinomial(count, np.full(count, 1 / count), size=resamples)
    shares: NDArray[np.float64] = np.concatenate([np.ones((1, count)), drawn]).T / count
    return shares
