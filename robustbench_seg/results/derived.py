"""Scores that need no counts of their own: they are derived of what the measures observed."""

from robustbench_seg.measures import ScoreSource
from robustbench_seg.records.run_record import RunRecord
from robustbench_seg.results.worst_images import WorstImages


def derived_scores(record: RunRecord) -> tuple[ScoreSource, ...]:
    """List the scores of a run beside those of its measures.

    Args:
        record: What run.json says.
    """
    return (WorstImages(),)
