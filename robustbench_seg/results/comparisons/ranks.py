"""Ranks of models; ranks may be shared.

Models are sorted by a score. The first model of a rank shares it with the following models, up to
one that is significantly worse (see verdicts). A shared rank is written "2=".
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.results.statistics.draws import Draws, score_of, split_draws
from robustbench_seg.results.statistics.significance import ALPHA, holm, p_value, p_values


def shared_ranks(count: int, is_tied: Callable[[int, int], bool]) -> tuple[str, ...]:
    """Return the ranks of sorted models, best first.

    Args:
        count: Number of models.
        is_tied: Given the positions of two models: whether they are compared and neither is
            significantly better.

    >>> shared_ranks(4, lambda first, second: (first, second) in [(1, 2), (2, 3)])
    ('1', '2=', '2=', '4')
    """
    numbers = list[int]()
    leader = 0
    for position in range(count):
        tied = position > 0 and is_tied(leader, position)
        numbers.append(numbers[-1] if tied else position + 1)
        leader = leader if tied else position
    shared = Counter(numbers)
    return tuple(f"{number}{'=' if shared[number] > 1 else ''}" for number in numbers)


def established_pairs(
    draws: Sequence[Draws],
    units: int,
    degrees: Sequence[int],
    compared: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Test the difference of each pair of models; all pairs form one family of tests.

    The results equal those of `verdicts.verdicts`, but are computed for many models at once.

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
            p[first, other] = p_value(difference, units, degrees[first] + degrees[other])
    upper = np.triu_indices(count, 1)
    family = compared[upper]
    adjusted = np.full(len(family), np.nan)
    adjusted[family] = holm(p[upper][family])
    established = np.zeros((count, count), np.bool_)
    established[upper] = adjusted < ALPHA
    return established | established.T
