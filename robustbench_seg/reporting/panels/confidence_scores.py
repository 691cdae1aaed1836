"""Scores of calibration and error detection in the tables and figures of a panel."""

import math
from collections.abc import Sequence

from robustbench_seg.measures import CONFIDENCE, SCALED_CONFIDENCE, ScoreInfo
from robustbench_seg.reporting.panels.panel import Panel
from robustbench_seg.reporting.ranking.measured_model import MeasuredModel
from robustbench_seg.results import score_of

_SHOWN = 2
"""Number of chief confidence scores (see ScoreInfo) that are shown for each corruption."""

ADD_CONFIDENCE = "run robustseg evaluate again to add it"


def chief_confidence_scores(panel: Panel) -> Sequence[ScoreInfo]:
    """Return the first chief scores of confidence, ECE and AUROC, raw and after scaling.

    Scores that no model of the panel has are left out.
    """
    infos = (info for measure in (CONFIDENCE, SCALED_CONFIDENCE) for info in measure.infos)
    chief = [info for info in infos if info.chief is not None and info.chief <= _SHOWN]
    return [info for info in chief if any(_has_score(model, info.key) for model in panel.models)]


def missing_confidence(model: MeasuredModel) -> str | None:
    """Return why a model has no confidence scores, or None if it has some."""
    score = model.scores.by_key[CONFIDENCE.infos[0].key]
    if not score.conditions:
        why = model.record.about.no_confidence
        return why or f"its runs did not record confidence; {ADD_CONFIDENCE}"
    if all(math.isnan(score_of(draws)) for draws in score.conditions.values()):
        missing = model.scored.missing_images
        if all(condition.name in missing for condition in score.conditions):
            name, what = next(iter(missing.items()))
            return f"images are missing ({name}: {what})"
        return f"not every image and training has confidence; {ADD_CONFIDENCE}"
    return None


def _has_score(model: MeasuredModel, key: str) -> bool:
    if key not in model.scores.by_key:
        return False
    summary = model.scores.by_key[key].summary
    return not all(
        math.isnan(score_of(draws)) for draws in (summary.clean, *summary.perturbations.values())
    )
