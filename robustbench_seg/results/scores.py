"""Scores of runs, from what their measures have counted.

The score of a condition follows from one sum of counts over its images; the mIoU from one summed
confusion matrix. A corruption's score is the plain mean over its scored severities, a protocol's
the plain mean over its corruptions, and retention that mean divided by the clean score. mPC and
rPC are the same two over all five severities of every corruption (Michaelis et al., arXiv
1907.07484, Eq. 1-2). All scores are in percent. An incomplete score is nan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFUSION, Counts, Measure, ScoreArray, iou_of_counts
from robustbench_seg.records.protocol import CLEAN, SEVERITIES, Condition, Protocol
from robustbench_seg.results.read import with_counts

KEYS = ["run", "model", "dataset", "split"]


@dataclass(frozen=True, eq=False)
class Summary:
    """The averages of a protocol over one score of its conditions: arrays of one shape, in percent.

    Attributes:
        clean: Of the clean images.
        corruptions: Mean over the scored severities, in protocol order.
        categories: Plain mean over their corruptions.
        mean: Plain mean over the corruptions.
        retention: 100 * mean / clean.
        mpc: The mean with every severity scored.
        rpc: The retention with every severity scored.
    """

    clean: ScoreArray
    corruptions: Mapping[str, ScoreArray]
    categories: Mapping[str, ScoreArray]
    mean: ScoreArray
    retention: ScoreArray
    mpc: ScoreArray
    rpc: ScoreArray


def summarise(
    cells: Mapping[Condition, ScoreArray], protocol: Protocol, shape: tuple[int, ...] = ()
) -> Summary:
    """Average a score of conditions as a protocol says; nan where one is missing or nan.

    Args:
        cells: Arrays of one shape, for each condition that has a score.
        protocol: Which severities are scored.
        shape: The shape of the arrays, where no condition has one.
    """
    nothing = np.full(next(iter(cells.values())).shape if cells else shape, np.nan)
    clean = cells.get(CLEAN, nothing)

    def average(protocol: Protocol) -> Mapping[str, ScoreArray]:
        return {
            spec.name: _mean([cells.get(Condition(spec.name, s), nothing) for s in spec.scored])
            for spec in protocol.corruptions
        }

    corruptions = average(protocol)
    mean = _mean([*corruptions.values()])
    mpc = _mean([*average(with_every_severity(protocol)).values()])
    return Summary(
        clean=clean,
        corruptions=corruptions,
        categories=category_means(corruptions, protocol),
        mean=mean,
        retention=100 * mean / clean,
        mpc=mpc,
        rpc=100 * mpc / clean,
    )


def category_means(
    corruptions: Mapping[str, ScoreArray], protocol: Protocol
) -> Mapping[str, ScoreArray]:
    """Average the scores of corruptions over each category.

    Args:
        corruptions: Arrays of one shape, for each corruption of the protocol.
        protocol: Which corruptions make a category.

    Returns:
        The plain mean of each category, in protocol order; nan where a corruption is nan.
    """
    return {
        category: _mean([corruptions[spec.name] for spec in specs])
        for category, specs in protocol.by_category.items()
    }


def _mean(scores: list[ScoreArray]) -> ScoreArray:
    return np.asarray(np.mean(scores, axis=0))


def with_every_severity(protocol: Protocol) -> Protocol:
    """The same protocol with severities 1 to 5 of every corruption scored: that of mPC and rPC."""
    specs = tuple(replace(spec, scored=SEVERITIES) for spec in protocol.corruptions)
    return replace(protocol, corruptions=specs)


def condition_scores(results: pd.DataFrame, measure: Measure = CONFUSION) -> pd.DataFrame:
    """Score each run and condition by a measure.

    Args:
        results: As read_results or read_counts gives them.
        measure: One of MEASURES.

    Returns:
        Columns: run, model, dataset, split, corruption, severity, images (how many were scored),
        complete (whether that is all of them), and the measure's scores in percent: miou.
    """
    names = [info.name for info in measure.infos]
    records = [
        {
            **pool.facts,
            "images": pool.scored,
            "complete": pool.scored == pool.images,
            **{name: float(value) for name, value in measure.compute(pool.counts).items()},
        }
        for pool in _pools(results, measure)
    ]
    columns = [*KEYS, "corruption", "severity", "images", "complete", *names]
    return pd.DataFrame(records, columns=columns).astype({"complete": bool})


def class_scores(results: pd.DataFrame) -> pd.DataFrame:
    """Score each run, condition and class by IoU.

    Args:
        results: As read_results or read_counts gives them.

    Returns:
        Columns: run, model, dataset, split, corruption, severity, class, complete (whether all
        images were scored), iou (percent; nan for a class that does not occur).
    """
    records = [
        (*pool.facts.values(), name, pool.scored == pool.images, score)
        for pool in _pools(results, CONFUSION)
        for name, score in zip(pool.classes, iou_of_counts(pool.counts).tolist(), strict=True)
    ]
    columns = [*KEYS, "corruption", "severity", "class", "complete", "iou"]
    return pd.DataFrame(records, columns=columns).astype({"complete": bool})


@dataclass(frozen=True, eq=False)
class _Pool:
    """The images of one run and condition that a measure observed.

    Attributes:
        facts: Columns KEYS, corruption and severity.
        scored: How many images.
        images: How many images the run has.
        classes: Class names.
        counts: The sum of their pooled counts.
    """

    facts: Mapping[str, object]
    scored: int
    images: int
    classes: tuple[str, ...]
    counts: Counts


def _pools(results: pd.DataFrame, measure: Measure) -> Iterator[_Pool]:
    observed = with_counts(results, measure)
    columns = [*KEYS, "corruption", "severity", "images", "classes"]
    groups = observed.groupby(["run", "corruption", "severity"], sort=False).indices
    # Columns as plain arrays: a DataFrame for each group would take longer than all sums.
    facts = {name: observed[name].to_numpy(object) for name in columns}
    counts = observed["counts"].to_numpy(object)
    for places in groups.values():
        first = {name: column[places[0]] for name, column in facts.items()}
        images, classes = first.pop("images"), first.pop("classes")
        total = np.sum(np.stack([counts[place] for place in places]), axis=0)
        yield _Pool(first, len(places), images, classes, total)
