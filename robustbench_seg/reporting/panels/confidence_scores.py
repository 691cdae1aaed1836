"""Scores of calibration and error detection in the tables and figures of a panel."""

from collections.abc import Sequence

import numpy as np

from robustbench_seg.measures import ScoreInfo
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.panels.panel_row import PanelRow

CHIEF_SCORES = ("ece", "auroc", "ece_t", "auroc_t")
"""The confidence scores shown for each corruption; those with _t need a temperature."""

ADD_CONFIDENCE = "evaluate again to add it"


def chief_confidence_scores(panel: Panel) -> Sequence[ScoreInfo]:
    """Return the CHIEF_SCORES that at least one row of a panel has, clean or corrupted."""
    found = dict[str, ScoreInfo]()
    for row in panel.measured:
        for key, score in row.scores.by_name.items():
            cells = [score.summary.clean, *score.summary.corruptions.values()]
            if key in CHIEF_SCORES and not all(np.isnan(draws[0]) for draws in cells):
                found[key] = score.info
    return [found[key] for key in CHIEF_SCORES if key in found]


def missing_confidence(row: PanelRow) -> str | None:
    """Return why a row has no confidence scores, or None if it has some."""
    score = row.scores.by_name["ece"]
    if not score.conditions:
        why = row.record.about.no_confidence
        return why or f"no image has confidence; {ADD_CONFIDENCE}"
    if all(np.isnan(draws[0]) for draws in score.conditions.values()):
        return f"not every image and training has confidence; {ADD_CONFIDENCE}"
    return None
