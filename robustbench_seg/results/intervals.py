"""How far a score depends on which images the split happens to hold: the bootstrap.

Images are drawn with replacement, as many as there are, 1000 times; each draw pools its matrices
and scores them anew (Efron, "Bootstrap methods", 1979; percentile intervals). All conditions
and all runs on the same images see the same draws, so differences are paired. What is covered is
the choice of images; not training, and not the random numbers of the corruptions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.errors import ResultsError
from robustbench_seg.protocol import CLEAN, Condition, Protocol
from robustbench_seg.results.counts import miou_of_counts, with_counts

RESAMPLES = 1000
SEED = 0
LEVEL = 95.0

Draws = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The scores of one run in every draw of its images, in percent: float64 (resamples,) each.

    conditions: mIoU of each condition
    clean, mean, retention: as in protocol_scores; nan in every draw where incomplete
    measured: the mean over the corruptions itself, over all images once; nan where incomplete
    images: the images drawn from
    """

    conditions: Mapping[Condition, Draws]
    clean: Draws
    mean: Draws
    retention: Draws
    measured: float
    images: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A difference of two scores in points, with its interval."""

    points: float
    low: float
    high: float


def bootstrap(results: pd.DataFrame, protocol: Protocol, resamples: int = RESAMPLES) -> Bootstrap:
    """Draw the images of one run `resamples` times and score each draw.

    results: rows of one run, as read_results or read_counts gives them; a condition that lacks
        images is drawn from those it has, and enters no mean
    """
    if results["run"].nunique() > 1:
        raise ValueError(f"rows of one run wanted, not of {results['run'].nunique()}")
    there = with_counts(results)
    draws: dict[Condition, Draws] = {}
    complete: dict[Condition, Draws] = {}
    for _, group in there.groupby(["corruption", "severity"], sort=False):
        rows = group.sort_values("image")
        first = rows.iloc[0]
        condition = Condition(first["corruption"], int(first["severity"]))
        counts = np.stack(list(rows["counts"])).astype(np.float64)
        # One matrix product for all draws; the sums stay far below 2^53, so they are exact.
        drawn = _weights(len(rows), resamples) @ counts.reshape(len(rows), -1)
        scores = miou_of_counts(drawn.reshape(-1, *counts.shape[1:]))
        draws[condition] = scores[1:]
        if len(rows) == first["images"]:
            complete[condition] = scores
    nothing = np.full(1 + resamples, np.nan)
    clean = complete.get(CLEAN, nothing)
    cells = [
        np.mean([complete.get(Condition(spec.name, s), nothing) for s in spec.scored], axis=0)
        for spec in protocol.corruptions
    ]
    mean = np.mean(cells, axis=0)
    retention = 100 * mean / clean
    images = tuple(sorted(there["image"].unique()))
    return Bootstrap(draws, clean[1:], mean[1:], retention[1:], float(mean[0]), images)


def interval(draws: Draws) -> tuple[float, float]:
    """The percentile interval of LEVEL percent; nan where a draw has no score."""
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(low), float(high)


def condition_intervals(bootstraps: Mapping[str, Bootstrap]) -> pd.DataFrame:
    """Intervals of the mIoU of every condition: run, corruption, severity, ci_low, ci_high.

    bootstraps: for each run, its bootstrap
    """
    records = []
    for run, drawn in bootstraps.items():
        for condition, draws in drawn.conditions.items():
            records.append([run, condition.corruption, condition.severity, *interval(draws)])
    return pd.DataFrame(records, columns=["run", "corruption", "severity", "ci_low", "ci_high"])


def paired_difference(first: Bootstrap, second: Bootstrap) -> Difference:
    """Mean over the corruptions of the first run less that of the second, on the same draws.

    Raises ResultsError if the runs are not on the same images.
    """
    if first.images != second.images or len(first.mean) != len(second.mean):
        raise ResultsError(
            f"runs on {len(first.images)} and {len(second.images)} images that are not the same "
            "cannot be compared in pairs; evaluate both on the same images"
        )
    return Difference(first.measured - second.measured, *interval(first.mean - second.mean))


def _weights(images: int, resamples: int) -> NDArray[np.float64]:
    """How often each image counts: (1 + resamples, images), a function of its arguments alone.

    The first row is the split itself, each image once; the others are draws.
    """
    generator = np.random.default_rng(SEED)
    drawn = generator.multinomial(images, np.full(images, 1 / images), size=resamples)
    return np.concatenate([np.ones((1, images)), drawn])
