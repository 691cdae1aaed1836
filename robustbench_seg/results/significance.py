"""Whether a difference is more than chance: p-values of a bootstrap, and many of them at once."""

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.results.intervals import RESAMPLES, Draws

ALPHA = 0.05
"""The chance of even one false verdict in a family of questions."""


def p_value(draws: Draws, units: int) -> float:
    """Two-sided p-value of a difference of 0: twice the smaller share of draws on one side of it.

    Never 0: the observed score counts as one of the draws (Davison and Hinkley, "Bootstrap methods
    and their application", 1997, section 4.2). And never below that of a sign test on which all
    units agree, 2 / 2^units: draws of few units repeat them and see nothing of what others would
    say. nan where a draw has no score.

    >>> p_value(np.array([2.0, 1, 2, 3, -1, 2, 2, 2, 2, 2]), units=50)
    0.4
    >>> p_value(np.ones(1001), units=3)
    0.25
    """
    if np.isnan(draws).any():
        return float("nan")
    rest = draws[1:]
    fewer = min(int((rest <= 0).sum()), int((rest >= 0).sum()))
    return min(1.0, max(2 * (fewer + 1) / (len(rest) + 1), 2.0 ** (1 - units)))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values adjusted by Holm's procedure; nan are not counted and stay.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(len(p), np.nan)
    there = np.flatnonzero(~np.isnan(p))
    order = there[np.argsort(p[there], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return adjusted


def resamples_for(questions: int) -> int:
    """Draws enough for the smallest p-value to count after the adjustment; 1000 or more."""
    return max(RESAMPLES, math.ceil(2 * questions / ALPHA))
