"""Verdicts: which of two models is better, or neither. No other module decides this.

The finding and the ranks of a report, its terminal table, the ranks of a leaderboard, and
`compare` all take their verdicts from here, so they cannot disagree on the same questions.
Questions that are asked together are a family: their p-values are adjusted by Holm's step-down
procedure (Scandinavian Journal of Statistics, 1979), so that the probability of one or more false
verdicts in a family stays below ALPHA, for any dependence between the questions. Holm's procedure
rejects everything that Bonferroni's does.

A verdict holds for images like the scored ones. With one training it is about these weights, with
several about the recipe.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # scipy imports its submodules on first use
from numpy.typing import NDArray

from robustbench_seg.results.statistics.draws import Draws, score_of, split_draws
from robustbench_seg.results.statistics.intervals import (
    Interval,
    Uncertainty,
    degrees_of_difference,
    degrees_of_ratio,
    interval,
)
from robustbench_seg.results.statistics.significance import ALPHA, holm, p_value, p_values
from robustbench_seg.results.summaries.model_scores import ModelScores


def _fewest_units(alpha: float) -> int:
    """The number of units from which on a sign test in which all of them agree reaches `alpha`."""
    return math.floor(1 - math.log2(alpha)) + 1


FEWEST_UNITS = _fewest_units(ALPHA)
"""With fewer units, even a sign test in which all of them agree does not reach ALPHA."""

POWER = 0.8
"""The power of a test with the number of units that `needed` states."""


Better = Literal["A", "B", "open", ""]
"""The better one of two models; open: no significant difference; empty: a score is missing."""


@dataclass(frozen=True, eq=False)
class ScoreDifference:
    """The difference of a score of two models, A - B, in percentage points.

    Attributes:
        draws: The difference and its draws.
        units: Number of sampling units.
        degrees: Degrees of freedom of the trainings (see degrees_of_difference).
    """

    draws: Draws
    units: int
    degrees: float

    @classmethod
    def of(
        cls, a: ModelScores, b: ModelScores, of_a: Draws, of_b: Draws, reference_degrees: float = 0
    ) -> "ScoreDifference":
        """Subtract a score of B from that of A; both were scored on the same images.

        `reference_degrees`: degrees of freedom of the trainings of the reference of both.
        """
        scores = [
            (draws, degrees_of_ratio(model.degrees, reference_degrees))
            for model, draws in ((a, of_a), (b, of_b))
        ]
        return cls(of_a - of_b, a.units, degrees_of_difference(scores))

    @property
    def points(self) -> float:
        """The difference itself."""
        return score_of(self.draws)

    @property
    def interval(self) -> Interval:
        """Its 95 % interval, not adjusted for other questions."""
        return interval(self.draws, self.units, self.degrees)

    @property
    def p(self) -> float:
        """Its p-value, not adjusted for other questions."""
        return p_value(self.draws, self.units, self.degrees)


@dataclass(frozen=True)
class Verdict:
    """The verdict about a difference A - B.

    Attributes:
        points: The difference, in percentage points.
        low: Lower end of its 95 % interval, which is not adjusted.
        high: Upper end.
        p: Its p-value, adjusted for the family; nan if a score is missing.
        needed: Approximate number of sampling units that would establish a difference of this size
            with a probability of POWER. None: it is established, or no number would be enough.
    """

    points: float
    low: float
    high: float
    p: float
    needed: int | None

    @property
    def is_established(self) -> bool:
        """Whether one of the two is significantly better."""
        return self.p < ALPHA

    @property
    def better(self) -> Better:
        """Which of the two is better."""
        if math.isnan(self.p):
            return ""
        return "open" if not self.is_established else "A" if self.points > 0 else "B"


def verdicts(family: Sequence[ScoreDifference]) -> list[Verdict]:
    """Judge the differences of one family of questions."""
    adjusted = holm(np.array([each.p for each in family]))
    alpha = ALPHA / max(1, len(family))
    return [
        Verdict(each.points, *each.interval, float(p), None if p < ALPHA else _needed(each, alpha))
        for each, p in zip(family, adjusted, strict=True)
    ]


def established_pairs(
    draws: Sequence[Draws],
    units: int,
    degrees: Sequence[int],
    compared: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Test the difference of each pair of models; all pairs form one family of tests.

    The results equal those of `verdicts`, but are computed for many models at once.

    Args:
        draws: The draws of the score of each of N models.
        units: Number of sampling units.
        degrees: Degrees of freedom from the trainings of each model.
        compared: bool NxN, symmetric: whether two models were scored on the same images.

    Returns:
        bool NxN, symmetric: whether one of the two is significantly better.
    """
    count = len(draws)
    p = np.full((count, count), np.nan)
    stack = np.stack([split_draws(each)[0] for each in draws]) if count else np.empty((0, 0))
    scores = np.array([score_of(each) for each in draws])
    trained = np.asarray(degrees)
    whole = np.array([not np.isnan(each).any() for each in draws])
    for first in range(count - 1):
        others = first + 1 + np.flatnonzero((compared[first] & whole & whole[first])[first + 1 :])
        of_trainings = trained[first] + trained[others] > 0
        plain = others[~of_trainings]
        p[first, plain] = p_values(
            scores[first] - scores[plain], stack[first] - stack[plain], units
        )
        for other in others[of_trainings].tolist():
            difference = draws[first] - draws[other]
            pair = [(draws[model], degrees[model]) for model in (first, other)]
            p[first, other] = p_value(difference, units, degrees_of_difference(pair))
    upper = np.triu_indices(count, 1)
    family = compared[upper]
    adjusted = np.full(len(family), np.nan)
    adjusted[family] = holm(p[upper][family])
    established = np.zeros((count, count), np.bool_)
    established[upper] = adjusted < ALPHA
    return established | established.T


def _needed(difference: ScoreDifference, alpha: float) -> int | None:
    """Units that would establish a difference; the variance of the mean falls with their number.

    A sign test on all of them must also reach `alpha`.
    """
    if difference.units < 2 or not difference.points or np.isnan(difference.draws).any():
        return None
    chance = Uncertainty.of(difference.draws, difference.units, difference.degrees)
    reach = float(scipy.special.ndtri(1 - alpha / 2) + scipy.special.ndtri(POWER))
    allowed = (difference.points / reach) ** 2 - chance.training_variance
    if allowed <= 0:
        return None
    return max(_fewest_units(alpha), math.ceil(difference.units * chance.image_variance / allowed))
