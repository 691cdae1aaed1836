"""The interval of a score, from its draws."""

import math

import numpy as np
import scipy.special

from robustbench_seg.results.model_scores import Draws

LEVEL = 95.0
"""Confidence level in percent."""

FEW_UNITS = 30
"""With fewer units than this, a percentile interval is too narrow."""


def interval(draws: Draws, units: int) -> tuple[float, float]:
    """Compute the expanded percentile interval of a score.

    Few units spread too little in their own draws: plain percentiles would hold the truth in 90 %
    of cases with ten units. So they are taken further out, by as much as Student's t with
    units - 1 degrees of freedom asks for (Hesterberg, "What teachers should know about the
    bootstrap", The American Statistician 2015, section 5.2); with 500 units that is nothing.

    Args:
        draws: The score and its draws.
        units: How many units were drawn from.

    Returns:
        The ends of the interval of LEVEL percent; nan where a draw has no score, where there are
        no draws, and of a single unit, whose draws are all the same.
    """
    if units == 1 or len(draws) == 1:
        return math.nan, math.nan
    quantile = scipy.special.stdtrit(units - 1, 0.5 + LEVEL / 200)
    tail = 100 * float(scipy.special.ndtr(-quantile * math.sqrt(units / (units - 1))))
    low, high = np.percentile(draws[1:], [tail, 100 - tail])
    return float(low), float(high)
