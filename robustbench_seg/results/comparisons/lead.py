"""How a lead splits: the perturbations under which a model is ahead, and the largest share."""

from collections.abc import Sequence
from dataclasses import dataclass

from robustbench_seg.results.comparisons.verdicts import ScoreDifference, verdicts
from robustbench_seg.results.summaries.model_scores import ModelScores


@dataclass(frozen=True)
class Lead:
    """The distribution of a model's lead in the mean over the perturbations.

    Attributes:
        higher: Number of perturbations under which its score is higher.
        ahead: The perturbations under which it is significantly better, after Holm's adjustment.
        behind: The perturbations under which it is significantly worse, likewise.
        perturbations: Number of perturbations.
        largest: The perturbation that contributes most.
        share: Its share of the lead, in percent; above 100 if others reduce the lead.
        rest: The lead without it, in percentage points of the mean over the others.
    """

    higher: int
    ahead: tuple[str, ...]
    behind: tuple[str, ...]
    perturbations: int
    largest: str
    share: float
    rest: float


def lead_of(a: ModelScores, b: ModelScores, averaged: Sequence[str]) -> Lead:
    """Describe the lead of A over B; both are complete, and the mean of A is higher.

    Args:
        a: The scores of A.
        b: The scores of B.
        averaged: The perturbations in the mean.
    """
    ours, theirs = a.summary.perturbations, b.summary.perturbations
    differences = {name: ScoreDifference.of(a, b, ours[name], theirs[name]) for name in averaged}
    judged = zip(averaged, verdicts([*differences.values()]), strict=True)
    better = {name: verdict.better for name, verdict in judged}
    points = {name: difference.points for name, difference in differences.items()}
    largest = max(points, key=points.__getitem__)
    total, count = sum(points.values()), len(points)
    return Lead(
        higher=sum(difference > 0 for difference in points.values()),
        ahead=tuple(name for name in averaged if better[name] == "A"),
        behind=tuple(name for name in averaged if better[name] == "B"),
        perturbations=count,
        largest=largest,
        share=100 * points[largest] / total,
        rest=(total - points[largest]) / max(1, count - 1),
    )
