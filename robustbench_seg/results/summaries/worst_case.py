"""The worst case of a protocol: the corruption, and the scored condition, with the lowest score.

Every draw of the bootstrap has a worst case of its own. So the interval covers which one it is, and
lies lower than that of the corruption that is worst on the images as they are.
"""

import numpy as np

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.summaries.model_scores import ScoreDraws


def worst_corruption(score: ScoreDraws) -> Draws:
    """Find the lowest of the corruptions' scores in each draw; nan where one is missing."""
    return np.asarray(np.min([*score.summary.corruptions.values()], axis=0))


def worst_condition(score: ScoreDraws, protocol: Protocol) -> Draws:
    """Find the lowest score of a scored condition in each draw; nan where one is missing."""
    return np.asarray(np.min([score.cell(c) for c in protocol.scored_conditions], axis=0))
