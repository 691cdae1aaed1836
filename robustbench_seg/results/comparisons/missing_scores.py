"""Reasons why a model lacks a compared score."""

import math
from collections.abc import Sequence

from robustbench_seg.measures import (
    CONFIDENCE,
    LEAST_IMAGES,
    LIKELIHOOD_SCORES,
    SCALED_CONFIDENCE,
    WorstImages,
)
from robustbench_seg.records.cards.perturbation import Perturbation
from robustbench_seg.records.runs.class_map_record import NO_LIKELIHOOD
from robustbench_seg.records.values.condition import CLEAN, Condition
from robustbench_seg.results.models.scored_model import ScoredModel
from robustbench_seg.results.statistics.draws import score_of
from robustbench_seg.results.summaries.summary_scores import SummaryScore
from robustbench_seg.text import first_items

OF_CONFIDENCE = {info.name for info in (*CONFIDENCE.infos, *SCALED_CONFIDENCE.infos)}
"""Scores that some segmenters do not support."""

NO_REFERENCE = "the reference lacks this score, or loses less than a point"


def why_no_condition(model: ScoredModel, *, key: str, perturbation: str) -> str:
    """Return why a model lacks the score `key` under a perturbation, or of clean images."""
    return model.missing_images.get(perturbation, f"not every image has {key}")


def why_no_degradation(model: ScoredModel, *, perturbation: str) -> str:
    """Return why a model has no CD or rCD of a perturbation."""
    return model.missing_images.get(perturbation, NO_REFERENCE)


def why_no_summary(model: ScoredModel, *, key: str, score: SummaryScore) -> str:
    """Return why a model lacks a summary of the score `key`."""
    if key in LIKELIHOOD_SCORES and model.records[0].key.class_map:
        return f"no {key}: {NO_LIKELIHOOD}"
    if not model.scores.by_key[key].conditions:
        why = model.records[0].about.no_confidence if key in OF_CONFIDENCE else None
        return f"no {key}: {why}" if why else f"no image has {key}; evaluate again to add it"
    few = len(model.scores.image_ids) < LEAST_IMAGES
    if few and key in (info.key for info in WorstImages.infos):
        return f"{key} needs {LEAST_IMAGES} images"
    if score.kind in ("clean", "corruption"):
        return why_no_condition(model, key=key, perturbation=score.name)
    return why_no_average(model, key=key, over=score.over, is_relative=score.is_relative)


def why_no_average(
    model: ScoredModel, *, key: str, over: Sequence[Perturbation], is_relative: bool
) -> str:
    """Return which conditions the average of the score `key` over some perturbations lacks."""
    scores = model.scores.by_key[key]
    names = [
        each.name
        for each in over
        if any(math.isnan(score_of(scores.cell(Condition(each.name, s)))) for s in each.scored)
    ]
    if is_relative and math.isnan(score_of(scores.summary.clean)):
        names.insert(0, CLEAN.name)
    return f"lacks {first_items(names, 3)}" if names else NO_REFERENCE
