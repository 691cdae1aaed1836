"""The worst case of a protocol: the perturbation, and the scored condition, with the lowest score.

Every draw of the bootstrap has its own worst case. So the interval covers the choice of the worst
case, and is lower than the interval of the perturbation that is worst on the original images.
As in the mean, only the perturbations that the protocol averages count.
"""

import numpy as np

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.summaries.model_scores import ScoreDraws


def worst_corruption(score: ScoreDraws, protocol: Protocol) -> Draws:
    """Find the lowest score of a perturbation in each draw; nan if one is missing."""
    scores = [score.summary.perturbations[name] for name in protocol.averaged_names]
    return np.asarray(np.min(scores, axis=0))


def worst_condition(score: ScoreDraws, protocol: Protocol) -> Draws:
    """Find the lowest score of a scored condition in each draw; nan if one is missing."""
    averaged = [c for c in protocol.scored_conditions if c.name in protocol.averaged_names]
    return np.asarray(np.min([score.cell(c) for c in averaged], axis=0))
