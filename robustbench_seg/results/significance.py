"""Whether a difference is more than chance: p-values of a bootstrap, and many of them at once."""

import math

import numpy as np
import scipy.special
from numpy.typing import NDArray

from robustbench_seg.results.bootstrap import RESAMPLES
from robustbench_seg.results.model_scores import Draws

ALPHA = 0.05
"""The chance of even one false verdict in a family of questions."""


def p_value(draws: Draws, units: int) -> float:
    """Compute the two-sided p-value of a difference of 0.

    It is twice the smaller share of draws on one side of 0. It is never 0: the observed score
    counts as one of the draws (Davison and Hinkley, "Bootstrap methods and their application",
    1997, section 4.2). Draws of few units are no evidence of other units, so it is also never below
    that of a t-test with the draws' standard error and units - 1 degrees of freedom, nor below that
    of a sign test on which all units agree, 2 / 2^units.

    Args:
        draws: The difference and its draws.
        units: How many units were drawn from.

    Returns:
        0..1; nan where a draw has no score.

    >>> p_value(np.array([2.0, 1, 2, 3, -1, 2, 2, 2, 2, 2]), units=50)
    0.4
    >>> p_value(np.ones(1001), units=3)
    0.25
    """
    if np.isnan(draws).any():
        return float("nan")
    score, rest = float(draws[0]), draws[1:]
    if units < 2 or score == 0:
        return 1.0
    fewer = min(int((rest <= 0).sum()), int((rest >= 0).sum()))
    share = 2 * (fewer + 1) / (len(rest) + 1)
    error = float(rest.std()) * math.sqrt(units / (units - 1))
    student = 2 * float(scipy.special.stdtr(units - 1, -abs(score) / error)) if error else 0.0
    return min(1.0, max(share, student, 2.0 ** (1 - units)))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values by Holm's procedure; nan are not counted and stay.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(len(p), np.nan)
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return adjusted


def resamples_for(questions: int) -> int:
    """Number of draws that resolves the smallest adjusted p-value of that many questions."""
    return max(RESAMPLES, math.ceil(2 * questions / ALPHA))
