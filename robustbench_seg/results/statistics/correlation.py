"""Correlations between scores of models, with a bootstrap over models.

The bootstrap draws models, or families of models: models of one family share architecture, data and
recipe, and are not independent evidence. A draw is a weight for each model: the number of times
that it was drawn.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.records.values.choices import Resample, check_choice
from robustbench_seg.results.statistics.draws import RESAMPLES, draw_units
from robustbench_seg.results.statistics.intervals import CONFIDENCE_LEVEL, NO_INTERVAL, Interval

Values = NDArray[np.float64]


def draw_weights(families: Sequence[str], resample: Resample) -> Values:
    """Draw models, or whole families, with replacement, as many as there are.

    Args:
        families: The family of each model.
        resample: The sampling unit.

    Returns:
        (1 + RESAMPLES, models): the number of times that each model is drawn. The first row is not
        a draw and is 1 for each model.

    Raises:
        OptionError: `resample` is unknown.
    """
    check_choice("resample", resample, Resample)
    units = np.arange(len(families))
    if resample == "families":
        units = np.unique(np.asarray(families, dtype=str), return_inverse=True)[1]
    return draw_units(units, RESAMPLES)


def pearson(x: Values, y: Values, weights: Values) -> Values:
    """Compute Pearson's r in each draw.

    Args:
        x: A score of each model, (models,), or of each model in each draw, (draws, models).
        y: Another score.
        weights: (draws, models), see draw_weights.

    Returns:
        (draws,): r; nan if x or y is constant over the drawn models.
    """
    total = weights.sum(axis=1, keepdims=True)
    x = x - (weights * x).sum(axis=1, keepdims=True) / total
    y = y - (weights * y).sum(axis=1, keepdims=True) / total
    covariance = (weights * x * y).sum(axis=1)
    scale = (weights * x * x).sum(axis=1) * (weights * y * y).sum(axis=1)
    defined = scale > 1e-18
    r = np.full(len(scale), np.nan)
    r[defined] = covariance[defined] / np.sqrt(scale[defined])
    return r.clip(-1, 1)


def spearman(x: Values, y: Values, weights: Values) -> Values:
    """Compute Spearman's rho in each draw, with mean ranks for equal scores.

    Args:
        x: A score of each model, (models,).
        y: Another score.
        weights: (draws, models), see draw_weights.

    Returns:
        (draws,): rho; nan if x or y is constant over the drawn models.
    """
    return pearson(_ranks(x, weights), _ranks(y, weights), weights)


def partial_correlation(x: Values, y: Values, given: Values) -> float:
    """Compute the partial correlation of two scores given a third.

    Args:
        x: A score of each model, (models,).
        y: Another score.
        given: The score that is held fixed, by linear regression.

    Returns:
        Pearson's r of the residuals after regression on the third score; nan if it explains
        everything.
    """
    ones = np.ones((1, len(x)))
    xy, xz, yz = (float(pearson(a, b, ones)[0]) for a, b in ((x, y), (x, given), (y, given)))
    rest = (1 - xz**2) * (1 - yz**2)
    if not rest > 1e-12:
        return float("nan")
    return float(np.clip((xy - xz * yz) / np.sqrt(rest), -1, 1))


def percentile_interval(draws: Values) -> Interval:
    """Return the percentile interval of CONFIDENCE_LEVEL percent of a statistic.

    Args:
        draws: The statistic and its draws; draws without a value are ignored.

    Returns:
        The ends; nan if no draw has a value.
    """
    drawn = draws[1:][~np.isnan(draws[1:])]
    if not drawn.size:
        return NO_INTERVAL
    low, high = np.percentile(drawn, [50 - CONFIDENCE_LEVEL / 2, 50 + CONFIDENCE_LEVEL / 2])
    return Interval(float(low), float(high))


def _ranks(x: Values, weights: Values) -> Values:
    """The mean rank of each model among the drawn models, with repetition."""
    below = (x[:, None] < x[None, :]) + 0.5 * (x[:, None] == x[None, :])
    ranks: Values = weights @ below + 0.5
    return ranks
