"""The significance of differences: p-values of a bootstrap, one or many at once."""

import numpy as np
import scipy  # scipy imports its submodules on first use
from numpy.typing import NDArray

from robustbench_seg.results.statistics.draws import Draws, score_of, split_draws
from robustbench_seg.results.statistics.intervals import CONFIDENCE_LEVEL, Uncertainty

ALPHA = (100 - CONFIDENCE_LEVEL) / 100
"""The family-wise error rate: the probability of one or more false verdicts in a family of
tests.
"""

_SMALLEST = 1e-15
"""A p-value below this cannot be distinguished from 0."""


def p_value(draws: Draws, units: int, degrees: float = 0) -> float:
    """Compute the two-sided p-value of a difference of 0.

    It is the maximum of three values: twice the share of the images' draws on the other side of 0;
    the p-value of a t-test with the draws' standard error (see Uncertainty), because few units or
    few trainings are weak evidence; and 2 / 2^units, that of a sign test in which all units agree.

    Args:
        draws: The difference and its draws.
        units: Number of sampling units.
        degrees: Degrees of freedom of the trainings (see degrees_of_difference).

    Returns:
        0..1; nan if a draw has no score.

    >>> images, trainings = [1, 2, 3, -1, 2, 2, 2, 2, 2, 2], [2] * 10
    >>> p_value(np.array([2.0, *images, *trainings]), units=50)
    0.2
    >>> p_value(np.ones(2001), units=3)
    0.25
    """
    if np.isnan(draws).any():
        return float("nan")
    images, _ = split_draws(draws)
    student = None
    if degrees and units > 1:
        student = _student(abs(score_of(draws)), Uncertainty.of(draws, units, degrees))
    return float(p_values(draws[:1], images[None], units, student)[0])


def p_values(
    scores: NDArray[np.float64],
    images: NDArray[np.float64],
    units: int,
    student: float | None = None,
) -> NDArray[np.float64]:
    """Compute `p_value` for several differences at once.

    Args:
        scores: The differences, float64 (N,), without nan.
        images: The draws of the images of each, (N, resamples).
        units: Number of sampling units.
        student: The p-value of the t-test if trainings vary. None: each model has one training.

    Returns:
        0..1, (N,).
    """
    if units < 2:
        return np.ones(len(scores))
    beyond = np.where(scores[:, None] > 0, images <= 0, images >= 0).mean(axis=1)
    if student is None:
        error = np.sqrt(images.var(axis=1) * units / (units - 1))
        with np.errstate(divide="ignore", invalid="ignore"):
            tails = scipy.special.stdtr(units - 1, -np.abs(scores) / error)
        t_test = np.where(error > 0, 2 * tails, 0.0)
    else:
        t_test = np.full(len(scores), student)
    largest = np.maximum(np.maximum(2 * beyond, t_test), 2.0 ** (1 - units))
    return np.asarray(np.where(scores == 0, 1.0, np.minimum(1.0, largest)))


def _student(score: float, uncertainty: Uncertainty) -> float:
    """The p-value of a t-test in which images and trainings vary."""
    if not uncertainty.error:
        return 0.0
    ratio = score / uncertainty.error
    if uncertainty.quantile(_SMALLEST) <= ratio:
        return _SMALLEST
    excess = lambda p: uncertainty.quantile(p) - ratio  # noqa: E731
    return float(scipy.optimize.brentq(excess, _SMALLEST, 1))


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values by Holm's procedure; nan values are not counted and are kept.

    >>> holm(np.array([0.01, 0.04, np.nan, 0.03])).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    adjusted = np.full(len(p), np.nan)
    valid = np.flatnonzero(~np.isnan(p))
    order = valid[np.argsort(p[valid], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p[order]))
    return adjusted
