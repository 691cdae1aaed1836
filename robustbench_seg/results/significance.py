"""Whether a difference is more than chance: p-values of a bootstrap, and many of them at once."""

import numpy as np
import scipy  # which imports its parts where they are first used
from numpy.typing import NDArray

from robustbench_seg.results.draws import Draws, split_draws
from robustbench_seg.results.intervals import Uncertainty

ALPHA = 0.05
"""The chance of even one false verdict in a family of questions."""

_SMALLEST = 1e-15
"""A p-value below this cannot be distinguished from 0."""


def p_value(draws: Draws, units: int, degrees: int = 0) -> float:
    """Compute the two-sided p-value of a difference of 0.

    It is the largest of three: twice the share of the images' draws on the far side of 0; that of a
    t-test with the draws' standard error (see Uncertainty), since draws of few units are no
    evidence of other units, nor few trainings of other trainings; and that of a sign test on which
    all units agree, 2 / 2^units.

    Args:
        draws: The difference and its draws.
        units: How many units were drawn from.
        degrees: Degrees of freedom of the trainings, over both models.

    Returns:
        0..1; nan where a draw has no score.

    >>> images, trainings = [1, 2, 3, -1, 2, 2, 2, 2, 2, 2], [2] * 10
    >>> p_value(np.array([2.0, *images, *trainings]), units=50)
    0.2
    >>> p_value(np.ones(2001), units=3)
    0.25
    """
    if np.isnan(draws).any():
        return float("nan")
    score = float(draws[0])
    if units < 2 or score == 0:
        return 1.0
    images, _ = split_draws(draws)
    beyond = images <= 0 if score > 0 else images >= 0
    uncertainty = Uncertainty.of(draws, units, degrees)
    return min(1.0, max(2 * float(beyond.mean()), _student(score, uncertainty), 2.0 ** (1 - units)))


def _student(score: float, uncertainty: Uncertainty) -> float:
    if not uncertainty.error:
        return 0.0
    ratio = abs(score) / uncertainty.error
    if not uncertainty.trainings:
        return 2 * float(scipy.special.stdtr(uncertainty.units - 1, -ratio))
    if uncertainty.quantile(_SMALLEST) <= ratio:
        return _SMALLEST
    excess = lambda p: uncertainty.quantile(p) - ratio  # noqa: E731
    return float(scipy.optimize.brentq(excess, _SMALLEST, 1))


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
