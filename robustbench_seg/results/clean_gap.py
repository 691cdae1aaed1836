"""A run's clean score beside the published one: the first check of its other scores."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import condition_scores, read_counts

LARGEST_GAP = 1.5
"""Points by which a clean mIoU may miss the published one: other libraries, other resizing."""


def clean_gap_warnings(runs: Sequence[Path]) -> list[str]:
    """Compare the clean mIoU of runs with the published one.

    Args:
        runs: Run folders. Those without a published score of the same images, and incomplete ones,
            are skipped.

    Returns:
        A sentence for each run whose two scores are more than LARGEST_GAP points apart.
    """
    records = {run: read_record(run) for run in runs}
    comparable = [run for run, record in records.items() if record.published]
    if not comparable:
        return []
    scores = condition_scores(read_counts(comparable, [CONFUSION]))
    clean = scores[scores["complete"] & (scores["corruption"] == CLEAN.name)]
    miou = dict(zip(clean["run"], clean["miou"], strict=True))
    gaps = (clean_gap(records[run], miou.get(str(run), nan)) for run in comparable)
    return [gap for gap in gaps if gap]


def clean_gap(record: RunRecord, miou: float) -> str | None:
    """Compare the clean mIoU of a run with the published one.

    Args:
        record: What was run.
        miou: Its clean mIoU in percent; nan where it is not complete.

    Returns:
        A sentence if the two are more than LARGEST_GAP points apart; None otherwise.
    """
    published = record.published
    if not published or not abs(miou - published.miou) > LARGEST_GAP:
        return None
    return (
        f"{record.model}: its clean mIoU is {miou:.1f}, published is {published.miou:.1f} "
        f"({published.source}): look for another preprocessing, other weights or other labels "
        "before believing its other numbers"
    )
