"""Panels: the groups of models of a report, with all scores, and the finding in words.

panel_reader.py -> panel.py                       runs, and the panels that they make
degradation_rows.py  drop_rows.py  references.py  CD and rCD, drops, and the reference of CD
confidence_scores.py  confidence_curves.py        confidence
findings.py                                       the finding, from
losses.py  failures.py  unranked.py               sentences on parts of it
panel_warnings.py                                 warnings
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
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.panel_reader import read_panels

__all__ = [
    "DEGRADATION_MEANS",
    "DEGRADATION_SCORES",
    "ConfidenceCurves",
    "Panel",
    "chief_confidence_scores",
    "confidence_curves",
    "finding",
    "finding_sentences",
    "is_established",
    "missing_confidence",
    "read_panels",
]
