"""The Pareto front against its definition."""

import math
from itertools import product

from robustbench_seg.reporting.ranking.pareto import pareto_front


def test_the_front_is_what_no_other_model_beats():
    costs = {f"{c}{s}": float(c) for c, s in product(range(1, 4), range(1, 4))}
    scores = {f"{c}{s}": float(s) for c, s in product(range(1, 4), range(1, 4))}
    costs |= {"none": math.nan, "no score": 0.0}
    scores |= {"none": 99.0, "no score": math.nan}
    wanted = {
        name
        for name in costs
        if not math.isnan(costs[name] + scores[name])
        and not any(
            costs[n] <= costs[name]
            and scores[n] >= scores[name]
            and (costs[n], scores[n]) != (costs[name], scores[name])
            for n in costs
        )
    }
    assert pareto_front(costs, scores) == wanted == {"13"}
