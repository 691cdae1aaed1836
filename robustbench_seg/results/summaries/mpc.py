"""mPC and rPC: the mean and the retention of a protocol over all severities.

Michaelis et al., arXiv 1907.07484, Eq. 1-2. As in the mean, only the perturbations that the
protocol averages count.
"""

from dataclasses import replace

import numpy as np

from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.results.statistics.draws import Draws
from robustbench_seg.results.summaries.model_scores import ScoreDraws
from robustbench_seg.results.summaries.summary import mean_of_averaged, retention


def mpc(score: ScoreDraws, protocol: Protocol) -> Draws:
    """Average a score over all severities, then over the perturbations; nan if one is missing."""
    means = {
        each.name: np.mean([score.cell(Condition(each.name, s)) for s in each.severities], axis=0)
        for each in protocol.averaged
    }
    return mean_of_averaged(means, protocol)


def rpc(score: ScoreDraws, protocol: Protocol) -> Draws:
    """Return mPC in percent of the clean score; nan if one is missing, or the clean score is 0."""
    return retention(mpc(score, protocol), score.summary.clean)


def with_every_severity(protocol: Protocol) -> Protocol:
    """Return the protocol with all severities of every perturbation scored."""
    perturbations = tuple(replace(each, scored=each.severities) for each in protocol.perturbations)
    return replace(protocol, perturbations=perturbations)
