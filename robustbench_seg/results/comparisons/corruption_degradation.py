"""Corruption degradation: the loss of a model relative to that of a reference model.

With D = 1 - mIoU, CD of a corruption is the sum of D over its scored severities, divided by the
same sum of the reference model. rCD takes D - D(clean) instead of D. Both are averaged over the
corruptions. Noise is scored at severities 1 to 3 (Kamann and Rother, CVPR 2020, arXiv 1908.05005).

A corruption's score is the mean of the mIoU over its scored severities, so the ratio of the scores'
losses is the ratio of these sums.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from robustbench_seg.measures import ScoreArray
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.summaries.model_scores import ModelScores

DegradationKind = Literal["CD", "rCD"]

LEAST_LOSS = 1.0
"""Minimum loss of a reference in percentage points: a ratio to a smaller loss is mostly noise."""


@dataclass(frozen=True, eq=False)
class Reference:
    """The reference of CD and rCD.

    Attributes:
        name: The model's name.
        clean: Its clean mIoU in percent: for every draw, or one number of a published row.
        perturbations: Its mIoU under each perturbation.
        scores: Its draws; None for a published row.
    """

    name: str
    clean: ScoreArray
    perturbations: Mapping[str, ScoreArray]
    scores: ModelScores | None = None

    @classmethod
    def of_model(cls, model: ScoredModel) -> "Reference":
        """Use a scored model as the reference."""
        summary = model.scores.summary
        return cls(model.name, summary.clean, summary.perturbations, model.scores)

    @property
    def degrees(self) -> int:
        """Degrees of freedom of its trainings; 0 for a published row."""
        return self.scores.degrees if self.scores else 0

    def is_paired(self, scores: ModelScores) -> bool:
        """Whether draws of a model are also draws of this reference, or the reference has none."""
        return self.scores is None or self.scores.sample == scores.sample

    @classmethod
    def of_row(cls, name: str, row: Mapping[str, float]) -> "Reference":
        """Use a row of scores as the reference.

        Args:
            name: The model's name.
            row: Clean and each perturbation of the protocol, in percent.
        """
        cells = {name: np.asarray(score, float) for name, score in row.items()}
        return cls(name, cells.pop(CLEAN.name), cells)


@dataclass(frozen=True, eq=False)
class Degradation:
    """CD or rCD in percent, arrays of the shape of the scores; below 100 is better.

    nan if a score is nan, or the reference loses less than LEAST_LOSS.

    Attributes:
        perturbations: The value of each perturbation.
    """

    perturbations: Mapping[str, ScoreArray]

    @property
    def mean(self) -> ScoreArray:
        """Mean over the perturbations."""
        return np.asarray(np.mean([*self.perturbations.values()], axis=0))


def degradations(
    clean: ScoreArray, perturbations: Mapping[str, ScoreArray], reference: Reference
) -> Mapping[DegradationKind, Degradation]:
    """Relate the losses of a model, or of several, to those of a reference.

    Args:
        clean: Clean mIoU in percent, float64 of any shape.
        perturbations: mIoU under each perturbation, arrays of the same shape.
        reference: The reference; its arrays have the same shape or are numbers.

    Returns:
        CD and rCD.

    >>> reference = Reference("r", np.array(75.0), {"fog": np.array(55.0)})
    >>> found = degradations(np.array([80.0]), {"fog": np.array([70.0])}, reference)
    >>> {kind: each.mean.round(1).tolist() for kind, each in found.items()}
    {'CD': [66.7], 'rCD': [50.0]}
    """
    cd, rcd = {}, {}
    for name, scores in perturbations.items():
        baseline = reference.perturbations[name]
        cd[name] = _ratio(100 - scores, 100 - baseline)
        rcd[name] = _ratio(clean - scores, reference.clean - baseline)
    return {"CD": Degradation(cd), "rCD": Degradation(rcd)}


def _ratio(lost: ScoreArray, reference: ScoreArray) -> ScoreArray:
    lost, reference = np.broadcast_arrays(lost, reference)
    ratio = np.full(lost.shape, np.nan)
    np.divide(100 * lost, reference, out=ratio, where=reference >= LEAST_LOSS)
    return ratio
