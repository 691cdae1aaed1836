"""The scores of conditions and classes, from the counts of the measures.

The score of a condition follows from one sum of counts over its images; the mIoU from one summed
confusion matrix. All scores are in percent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from robustbench_seg.measures import CONFUSION, Counts, Measure, iou_of_counts
from robustbench_seg.store.counts import COUNTS, with_counts

_KEYS = ["run", "model", "dataset", "split"]


def condition_scores(results: pd.DataFrame, measure: Measure = CONFUSION) -> pd.DataFrame:
    """Score each run and condition by a measure.

    Args:
        results: The result of read_results or read_counts.
        measure: One of MEASURES.

    Returns:
        Columns: run, model, dataset, split, corruption, severity, images (number of scored images),
        complete (whether all were scored), and the measure's scores in percent: miou.
    """
    names = [info.name for info in measure.infos]
    rows = [
        {
            **pool.facts,
            "images": pool.scored,
            "complete": pool.scored == pool.images,
            **{name: float(value) for name, value in measure.compute(pool.counts).items()},
        }
        for pool in _pools(results, measure)
    ]
    columns = [*_KEYS, "corruption", "severity", "images", "complete", *names]
    return pd.DataFrame(rows, columns=columns).astype({"complete": bool})


def class_scores(results: pd.DataFrame) -> pd.DataFrame:
    """Score each run, condition and class by IoU.

    Args:
        results: The result of read_results or read_counts.

    Returns:
        Columns: run, model, dataset, split, corruption, severity, class, complete (whether all
        images were scored), iou (percent; nan for a class that does not occur).
    """
    rows = [
        (*pool.facts.values(), name, pool.scored == pool.images, score)
        for pool in _pools(results, CONFUSION)
        for name, score in zip(pool.classes, iou_of_counts(pool.counts).tolist(), strict=True)
    ]
    columns = [*_KEYS, "corruption", "severity", "class", "complete", "iou"]
    return pd.DataFrame(rows, columns=columns).astype({"complete": bool})


@dataclass(frozen=True, eq=False)
class _Pool:
    """The images of one run and condition that a measure observed.

    Attributes:
        facts: Columns _KEYS, corruption and severity.
        scored: Number of scored images.
        images: Number of images of the run.
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
    columns = [*_KEYS, "corruption", "severity", "images", "classes"]
    groups = observed.groupby(["run", "corruption", "severity"], sort=False).indices
    # Plain arrays, because a DataFrame for each group would take longer than all sums.
    facts = {name: observed[name].to_numpy(object) for name in columns}
    counts = observed[COUNTS].to_numpy(object)
    for places in groups.values():
        first = {name: column[places[0]] for name, column in facts.items()}
        images, classes = first.pop("images"), first.pop("classes")
        total = np.array([*counts[places]]).sum(axis=0)
        yield _Pool(first, len(places), images, classes, total)
