"""What a score needs of a confusion matrix: three counts for each class.

A matrix has K x K entries, its counts 3 x K; for 171 classes and thousands of images, only the
counts fit in memory. Sums of counts give the same IoU as sums of matrices.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from robustbench_seg.records.protocol import Condition

Counts = NDArray[np.int64]


def class_counts(matrix: NDArray[np.int64]) -> Counts:
    """True positives, pixels of the truth, pixels predicted, of each class.

    matrix: int64 ...xKxK, rows the truth. Returns int64 ...x3xK.

    >>> class_counts(np.array([[5, 1], [2, 4]])).tolist()
    [[5, 4], [6, 6], [7, 5]]
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return np.stack([hits, matrix.sum(-1), matrix.sum(-2)], axis=-2)


def iou_of_counts(counts: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """IoU in percent of each class; nan for a class in neither truth nor prediction.

    counts: ...x3xK, one image's or summed. Returns float64 ...xK.
    """
    hits, truth, predicted = np.moveaxis(counts, -2, 0)
    union = truth + predicted - hits
    scores = np.full(hits.shape, np.nan)
    np.divide(100.0 * hits, union, out=scores, where=union > 0)
    return scores


def miou_of_counts(counts: NDArray[np.int64] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the IoU over the classes that occur, in percent; nan where none does.

    counts: ...x3xK. Returns float64 of shape (...).
    """
    scores = iou_of_counts(counts)
    occurs = ~np.isnan(scores)
    number = occurs.sum(-1)
    means = np.full(number.shape, np.nan)
    np.divide(np.where(occurs, scores, 0).sum(-1), number, out=means, where=number > 0)
    return means


def places_of(results: pd.DataFrame) -> dict[Condition, NDArray[np.intp]]:
    """Where the rows of each condition stand among `results`, in their order."""
    groups: Any = results.groupby(["corruption", "severity"], sort=False).indices
    return {Condition(name, int(level)): places for (name, level), places in groups.items()}


def with_counts(results: pd.DataFrame) -> pd.DataFrame:
    """The scored rows of `results`, with a column `counts`: of read_counts or read_results."""
    if "counts" in results:
        return results[results["counts"].notna()]
    there = results[results["matrix"].notna()]
    counts = pd.Series([class_counts(matrix) for matrix in there["matrix"]], there.index, object)
    return there.assign(counts=counts)
