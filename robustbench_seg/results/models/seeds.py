"""How much a score depends on the seed of the corruptions' random numbers.

Every image has its own random numbers. So a bootstrap over the images draws each image together
with its numbers, and its intervals hold for other images and other numbers, with one seed or
several (docs/scores.md). Several seeds show the remaining variation on the same images.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from robustbench_seg.corruption import CORRUPTIONS
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.attacks import ATTACKS
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.results.summaries.summary import summarise
from robustbench_seg.store import condition_scores
from robustbench_seg.text import enumeration


def random_perturbations(protocol: Protocol) -> frozenset[str]:
    """Name the corruptions and attacks of a protocol whose images depend on the seed."""
    return frozenset(each.name for each in protocol.perturbations if _is_random(each))


def _is_random(perturbation: Perturbation) -> bool:
    """Whether it draws random numbers. An ensemble does, because its members do."""
    name = perturbation.name
    if perturbation.is_attack:
        return name not in ATTACKS or ATTACKS[name].is_random
    return name in CORRUPTIONS and CORRUPTIONS[name].is_random


def seed_means(results: pd.DataFrame, protocol: Protocol, trainings: int) -> Mapping[int, float]:
    """Average the perturbations separately for each seed.

    Args:
        results: Rows of the runs of one model, from read_counts.
        protocol: The protocol of the mean.
        trainings: Number of trainings of the model.

    Returns:
        For each seed under which every training has every random perturbation: the mean over the
        perturbations, mIoU in percent. For the other perturbations, one run counts for all seeds.
    """
    runs = results.groupby("run")["seed"].first()
    scores = condition_scores(results)
    scores = scores[scores["complete"]].assign(seed=scores["run"].map(runs))
    means, random = dict[int, float](), random_perturbations(protocol)
    for seed in sorted(runs.unique()):
        chosen = scores[(scores["seed"] == seed) | ~scores["corruption"].isin(random)]
        groups = chosen.groupby(["corruption", "severity"])["miou"]
        cells = groups.mean()[groups.size() >= trainings]
        by_condition = {Condition(*key): np.asarray(value, float) for key, value in cells.items()}
        mean = float(summarise(by_condition, protocol).mean)
        if mean == mean:
            means[int(seed)] = mean
    return means


def seed_spread(means: Mapping[int, float]) -> float:
    """Compute the standard deviation of seed_means, in points; nan for fewer than two."""
    return float(np.std(list(means.values()), ddof=1)) if len(means) > 1 else math.nan


def seeds_text(seeds: Sequence[int], means: Sequence[Mapping[int, float]]) -> str:
    """Describe the seeds of one or several models, and how much they change the means.

    Args:
        seeds: Their seeds.
        means: The seed_means of each.

    >>> print(seeds_text([0, 1], [{0: 39.5}]))
    random corruptions are means over the seeds 0 and 1, of which not all are complete
    """
    text = f"random corruptions are means over the seeds {enumeration(list(map(str, seeds)))}"
    if any(len(each) < len(seeds) for each in means):
        return f"{text}, of which not all are complete"
    spreads = sorted({f"{seed_spread(each):.2f}" for each in means}, key=float)
    points = " to ".join(dict.fromkeys((spreads[0], spreads[-1])))
    return f"{text}, between which the mean varies by {points} points (standard deviation)"
