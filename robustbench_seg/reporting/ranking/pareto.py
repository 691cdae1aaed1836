"""The Pareto front of models: those that no other model beats in both cost and score."""

import math
from collections.abc import Mapping


def pareto_front(costs: Mapping[str, float], scores: Mapping[str, float]) -> frozenset[str]:
    """Return the models of the front. Of several with equal values, the first is in it.

    Args:
        costs: Maps the name of a model to its cost; lower is better.
        scores: Maps the name to its score; higher is better.

    Returns:
        Their names, without models whose cost or score is nan.

    >>> sorted(pareto_front({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 50.0, "b": 40.0, "c": 60.0}))
    ['a', 'c']
    """
    known = [n for n in costs if not math.isnan(costs[n]) and not math.isnan(scores[n])]
    best, front = -math.inf, set[str]()
    for name in sorted(known, key=lambda n: (costs[n], -scores[n], n)):
        if scores[name] > best:
            best = scores[name]
            front.add(name)
    return frozenset(front)
