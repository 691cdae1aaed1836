"""The summary of a score: the averages of its conditions under a protocol.

The score of a perturbation is the plain mean over its scored severities, a protocol's the plain
mean over its averaged perturbations, and retention that mean divided by the clean score. All scores
are in percent. An incomplete score is nan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from robustbench_seg.measures import ScoreArray
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN, Condition


@dataclass(frozen=True, eq=False)
class Summary:
    """The averages of a protocol over one score of its conditions: arrays of one shape, in percent.

    Attributes:
        clean: The score of the clean images.
        perturbations: Mean over the scored severities, in protocol order.
        categories: Plain mean over their perturbations.
        mean: Plain mean over the perturbations that the protocol averages.
        retention: 100 * mean / clean.
    """

    clean: ScoreArray
    perturbations: Mapping[str, ScoreArray]
    categories: Mapping[str, ScoreArray]
    mean: ScoreArray
    retention: ScoreArray


def summarise(
    cells: Mapping[Condition, ScoreArray], protocol: Protocol, shape: tuple[int, ...] = ()
) -> Summary:
    """Average a score of conditions under a protocol; nan if a condition is missing or nan.

    Args:
        cells: Arrays of one shape, for each condition that has a score.
        protocol: The protocol with the scored severities.
        shape: The shape of the arrays, if no condition has one.
    """
    nothing = np.full(next(iter(cells.values())).shape if cells else shape, np.nan)
    if not cells:  # true for most scores of a run without further measures
        of_perturbations = dict.fromkeys(protocol.names, nothing)
        of_categories = dict.fromkeys(protocol.categories, nothing)
        return Summary(nothing, of_perturbations, of_categories, nothing, nothing)
    clean = cells.get(CLEAN, nothing)
    perturbations = {
        each.name: _mean([cells.get(Condition(each.name, s), nothing) for s in each.scored])
        for each in protocol.perturbations
    }
    mean = mean_of_averaged(perturbations, protocol)
    return Summary(
        clean=clean,
        perturbations=perturbations,
        categories=category_means(perturbations, protocol),
        mean=mean,
        retention=retention(mean, clean),
    )


def mean_of_averaged(perturbations: Mapping[str, ScoreArray], protocol: Protocol) -> ScoreArray:
    """Average the scores of perturbations as the mean of a protocol does.

    Args:
        perturbations: Arrays of one shape, for each perturbation that the protocol averages.
        protocol: The protocol.

    Returns:
        The plain mean; nan if a perturbation is nan.
    """
    return _mean([perturbations[name] for name in protocol.averaged_names])


def category_means(
    perturbations: Mapping[str, ScoreArray], protocol: Protocol
) -> Mapping[str, ScoreArray]:
    """Average the scores of perturbations over each category.

    Args:
        perturbations: Arrays of one shape, for each perturbation of the protocol.
        protocol: The protocol with the categories.

    Returns:
        The plain mean of each category, in protocol order; nan if a perturbation is nan.
    """
    return {
        category: _mean([perturbations[each.name] for each in members])
        for category, members in protocol.by_category.items()
    }


def retention(mean: ScoreArray, clean: ScoreArray) -> ScoreArray:
    """Return a mean in percent of the clean score; nan if the clean score is 0."""
    return np.asarray(100 * mean / np.where(clean == 0, np.nan, clean))


def _mean(scores: list[ScoreArray]) -> ScoreArray:
    return np.asarray(np.mean(scores, axis=0))
