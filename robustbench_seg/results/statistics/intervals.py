"""The uncertainty of a score, from its draws: variances, quantiles and intervals."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import scipy  # scipy imports its submodules on first use

from robustbench_seg.results.statistics.draws import Draws, score_of, split_draws

CONFIDENCE_LEVEL = 95.0
"""Confidence level in percent."""

PERCENT = (0.0, 100.0)
"""Limits of a share in percent."""

UNBOUNDED = (-math.inf, math.inf)
"""Limits of a ratio of scores, such as a retention: it is unbounded."""

FEW_UNITS = 30
"""With fewer units than this, a percentile interval is too narrow."""


@dataclass(frozen=True)
class Uncertainty:
    """How much a score, or a difference of two, depends on chance.

    Attributes:
        image_variance: Variance that comes from the choice of images, in squared percent.
        training_variance: Variance that comes from the randomness of training.
        units: Number of sampling units.
        degrees: Degrees of freedom of the trainings, for a difference those of
            `degrees_of_difference`; 0: one training each.
    """

    image_variance: float
    training_variance: float
    units: int
    degrees: float

    @classmethod
    def of(cls, draws: Draws, units: int, degrees: float) -> "Uncertainty":
        """Compute the variances of a score of two units or more from its draws."""
        images, trainings = split_draws(draws)
        image_variance = float(images.var()) * units / (units - 1)
        training_variance = float(trainings.var()) if degrees else 0.0
        return cls(image_variance, training_variance, units, degrees)

    @property
    def error(self) -> float:
        """The standard error, in percent."""
        return math.sqrt(self.image_variance + self.training_variance)

    def quantile(self, p: float) -> float:
        """Compute the quantile `p` of the deviation, in standard errors.

        It is the mean of Student's quantiles for units - 1 and for `degrees` degrees of freedom,
        weighted by the two variances (Cochran, "Approximate significance levels of the
        Behrens-Fisher test", Biometrics 1964).
        """
        # The lower tail: 1 - p / 2 loses the digits of a small p.
        student = -float(scipy.special.stdtrit(self.units - 1, p / 2))
        if not self.training_variance:
            return student
        other = -float(scipy.special.stdtrit(self.degrees, p / 2))
        total = self.image_variance + self.training_variance
        return (self.image_variance * student + self.training_variance * other) / total


def degrees_of_difference(scores: Iterable[tuple[Draws, float]]) -> float:
    """Compute the degrees of freedom of a difference of scores from those of each score.

    The variances of the scores need not be equal (Welch, Biometrika 1947, with Satterthwaite's
    approximation). The result is between the fewest degrees of a score and the sum of all.

    Args:
        scores: The draws of each score, and the degrees of freedom of its trainings; 0: one
            training.

    Returns:
        The degrees of freedom, not always a whole number; 0 if every score has one training.

    >>> trainings = [1, -1, 1, -1]
    >>> equal = np.array([0.0, *[0] * 4, *trainings])
    >>> degrees_of_difference([(equal, 2), (equal, 2)])
    4.0
    >>> round(degrees_of_difference([(equal, 2), (5 * equal, 2)]), 2)
    2.16
    """
    trained = [(draws, degrees) for draws, degrees in scores if degrees]
    variances = [float(split_draws(draws)[1].var()) for draws, _ in trained]
    total = sum(variances)
    if not total:
        return float(sum(degrees for _, degrees in trained))
    shares = [
        (variance / total) ** 2 / n for variance, (_, n) in zip(variances, trained, strict=True)
    ]
    return 1 / sum(shares)


def degrees_of_ratio(*degrees: float) -> float:
    """Degrees of freedom of a ratio of scores: the fewest of those with several trainings.

    The trainings of both scores vary in its draws, so their variances are not known separately.

    Args:
        degrees: Those of each score; 0: one training.

    >>> degrees_of_ratio(2, 1), degrees_of_ratio(2, 0), degrees_of_ratio(0, 0)
    (1, 2, 0)
    """
    return min((n for n in degrees if n), default=0)


class Interval(NamedTuple):
    """The interval of CONFIDENCE_LEVEL percent of a score; its ends are nan if there is none."""

    low: float
    high: float


NO_INTERVAL = Interval(math.nan, math.nan)


def score_interval(
    draws: Draws, units: int, degrees: float = 0, *, limits: tuple[float, float] = PERCENT
) -> Interval:
    """Compute the `interval` of a score, within the range of such scores.

    Args:
        draws: The score and its draws.
        units: Number of sampling units.
        degrees: Degrees of freedom of the trainings.
        limits: The smallest and largest value that the score can have.
    """
    low, high = interval(draws, units, degrees)
    return Interval(max(low, limits[0]), min(high, limits[1]))


def interval(draws: Draws, units: int, degrees: float = 0) -> Interval:
    """Compute the interval of CONFIDENCE_LEVEL percent of a score.

    With one training it is the expanded percentile interval. Draws of few units vary too little:
    with ten units, plain percentiles would contain the truth in 90 % of cases. So more extreme
    percentiles are taken, according to Student's t with units - 1 degrees of freedom (Hesterberg,
    "What teachers should know about the bootstrap", The American Statistician 2015, section 5.2);
    with 500 units this makes no difference.

    Two or three trainings are too few for percentiles. With several trainings the interval is the
    score plus and minus its standard error times `Uncertainty.quantile`.

    Args:
        draws: The score and its draws.
        units: Number of sampling units.
        degrees: Degrees of freedom of the trainings.

    Returns:
        The ends of the interval; nan if a draw has no score, if there are no draws, and for a
        single unit, whose draws are all equal.
    """
    if units == 1 or len(draws) == 1 or np.isnan(draws).any():
        return NO_INTERVAL
    if degrees:
        uncertainty = Uncertainty.of(draws, units, degrees)
        reach = uncertainty.quantile(1 - CONFIDENCE_LEVEL / 100) * uncertainty.error
        return Interval(score_of(draws) - reach, score_of(draws) + reach)
    quantile = scipy.special.stdtrit(units - 1, 0.5 + CONFIDENCE_LEVEL / 200)
    tail = 100 * float(scipy.special.ndtr(-quantile * math.sqrt(units / (units - 1))))
    ordered = np.sort(split_draws(draws)[0])  # much faster than np.percentile on one row
    place = tail / 100 * (len(ordered) - 1)
    ends = np.interp([place, len(ordered) - 1 - place], np.arange(len(ordered)), ordered)
    return Interval(float(ends[0]), float(ends[1]))
