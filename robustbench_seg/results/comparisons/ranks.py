"""Ranks of models; ranks may be shared.

Models are sorted by a score. The first model of a rank shares it with the following models, up to
one that is significantly worse (see verdicts). A shared rank is written "2=".
"""

from collections import Counter
from collections.abc import Callable


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
