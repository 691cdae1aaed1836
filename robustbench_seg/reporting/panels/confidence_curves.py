"""Reliability and risk curves of one model, for clean images and some severities."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from robustbench_seg.measures import ConfidenceMeasure, Reliability
from robustbench_seg.records.cards.protocol import Protocol
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import score_of


@dataclass(frozen=True, eq=False)
class ConfidenceCurves:
    """The data of the curves of one model. Severity 0 is clean.

    The pixels of all corruptions of a category, and of all runs of the model, are pooled. A
    severity with missing images is left out.

    Attributes:
        all: Maps a severity to the reliability over all corruptions in the mean.
        categories: Maps a category, then a severity, to the reliability over its corruptions.
        severities: The shown severities: clean and the two highest of `Protocol.shown_severities`.
    """

    all: Mapping[int, Reliability]
    categories: Mapping[str, Mapping[int, Reliability]]
    severities: tuple[int, ...]


def confidence_curves(
    model: MeasuredModel, protocol: Protocol, measure: ConfidenceMeasure
) -> ConfidenceCurves | None:
    """Return the curves of a measured model, or None if it has no such confidence.

    Args:
        model: The model.
        protocol: The protocol with the corruptions and their categories.
        measure: Raw confidence, or confidence after temperature scaling.
    """
    severities = protocol.shown_severities[-2:]
    categories = {
        category: _by_severity(model, measure, [each.name for each in perturbations], severities)
        for category, perturbations in protocol.by_category.items()
    }
    everything = _by_severity(model, measure, protocol.averaged_names, severities)
    if not any([everything, *categories.values()]):
        return None
    return ConfidenceCurves(everything, categories, (CLEAN.severity, *severities))


def _by_severity(
    model: MeasuredModel,
    measure: ConfidenceMeasure,
    corruptions: Sequence[str],
    severities: Sequence[int],
) -> Mapping[int, Reliability]:
    counts = model.scored.confidence[measure.name]
    score = model.scores.by_key[measure.infos[0].key]
    groups = {0: [CLEAN]}
    groups |= {s: [Condition(name, s) for name in corruptions] for s in severities}
    return {
        severity: Reliability.of(np.sum([counts[condition] for condition in conditions], axis=0))
        for severity, conditions in groups.items()
        if not any(math.isnan(score_of(score.cell(condition))) for condition in conditions)
    }
