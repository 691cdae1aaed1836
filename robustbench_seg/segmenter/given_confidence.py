"""Reasons why a segmenter gives no confidence, or none that a temperature can scale."""

from robustbench_seg.segmenter.segmenter import ConfidentSegmenter, Segmenter


def no_confidence(segmenter: Segmenter) -> str | None:
    """Say why a segmenter gives no confidence.

    Args:
        segmenter: The segmenter.

    Returns:
        The reason, or None if it gives confidence.
    """
    if segmenter.about.no_confidence:
        return segmenter.about.no_confidence
    return None if isinstance(segmenter, ConfidentSegmenter) else "it has no method with_confidence"


def no_scaling(segmenter: Segmenter) -> str | None:
    """Say why a temperature cannot scale the confidence of a segmenter, or return None."""
    if not segmenter.record.has_logits:
        return no_confidence(segmenter) or "it gives no logits"
    return no_confidence(segmenter)
