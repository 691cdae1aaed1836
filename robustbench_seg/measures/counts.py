"""Arrays of counts and of scores, and shares and means."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64] | NDArray[np.float64] | NDArray[np.float32]
"""Counts of a measure; leading axes are images or draws."""

ScoreArray = NDArray[np.float64]
"""One score, for one or many conditions or draws: float64 of any shape."""


def percent(part: Counts, whole: Counts) -> ScoreArray:
    """Compute the share of each `part` in `whole`, in percent; nan if the whole is 0.

    >>> percent(np.array([1, 0]), np.array([4, 0])).tolist()
    [25.0, nan]
    """
    return mean(100.0 * part, whole)


def mean(total: Counts, number: Counts) -> ScoreArray:
    """Divide sums by the number of their terms; nan if there is none."""
    means = np.full(total.shape, np.nan)
    np.divide(total, number, out=means, where=number > 0)
    return means


def class_mean(scores: ScoreArray) -> ScoreArray:
    """Average a score over the classes that have one.

    Args:
        scores: ...xK; nan for a class without a score.

    Returns:
        float64 (...); nan where no class has a score.

    >>> class_mean(np.array([[50.0, np.nan, 100.0]])).tolist()
    [75.0]
    """
    scored = ~np.isnan(scores)
    return mean(np.where(scored, scores, 0).sum(-1), scored.sum(-1))
