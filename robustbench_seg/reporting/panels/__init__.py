"""Panels: the models of a report that can be compared, and the finding in words.

A leaderboard shares the grouping of models, their ranks, references, and the rows of tables.
"""

from robustbench_seg.reporting.panels.confidence_curves import (
    ConfidenceCurves,
    confidence_curves,
)
from robustbench_seg.reporting.panels.confidence_scores import (
    chief_confidence_scores,
    missing_confidence,
)
from robustbench_seg.reporting.panels.degradation_rows import DEGRADATION_MEANS, DEGRADATION_SCORES
from robustbench_seg.reporting.panels.findings import finding, finding_sentences, is_established
from robustbench_seg.reporting.panels.measured_model import MeasuredModel
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.panel_reader import read_panels
from robustbench_seg.reporting.panels.ranking_row import RankingRow

__all__ = [
    "DEGRADATION_MEANS",
    "DEGRADATION_SCORES",
    "ConfidenceCurves",
    "MeasuredModel",
    "Panel",
    "RankingRow",
    "chief_confidence_scores",
    "confidence_curves",
    "finding",
    "finding_sentences",
    "is_established",
    "missing_confidence",
    "read_panels",
]
