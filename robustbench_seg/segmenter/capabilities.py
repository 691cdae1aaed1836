"""Reasons why a segmenter has no confidence, no scalable confidence, or no gradient."""

from robustbench_seg.segmenter.segmenter import (
    ConfidentSegmenter,
    DifferentiableSegmenter,
)
from robustbench_seg.segmenter.stored_predictions import EvaluatedModel, StoredPredictions


def why_no_confidence(segmenter: EvaluatedModel) -> str | None:
    """Return why a segmenter has no confidence.

    Args:
        segmenter: The segmenter.

    Returns:
        The reason, or None if it has confidence.
    """
    if segmenter.about.no_confidence:
        return segmenter.about.no_confidence
    if isinstance(segmenter, ConfidentSegmenter | StoredPredictions):
        return None
    return "it has no method with_confidence"


def why_no_scaling(segmenter: EvaluatedModel) -> str | None:
    """Return why a temperature cannot scale the confidence of a segmenter.

    Args:
        segmenter: The segmenter.

    Returns:
        The reason, or None if it can.
    """
    reason = why_no_confidence(segmenter)
    if reason is None and not segmenter.record.has_logits:
        return "it returns no logits"
    return reason


def why_no_gradient(segmenter: EvaluatedModel) -> str | None:
    """Return why a segmenter has no gradient.

    Args:
        segmenter: The segmenter.

    Returns:
        The reason, as the end of a sentence, or None if it has a gradient.
    """
    reason: str | None = getattr(segmenter, "why_no_gradient", None)
    if reason is not None:
        return reason
    if isinstance(segmenter, DifferentiableSegmenter):
        return None
    return "it has no method loss_gradient"
