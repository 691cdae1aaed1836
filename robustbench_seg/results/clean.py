"""The first thing to trust or mistrust of a run: its clean score beside the published one."""

from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

from robustbench_seg.records.protocol import CLEAN
from robustbench_seg.results.read import read_counts
from robustbench_seg.results.scores import condition_scores
from robustbench_seg.results.store import read_record

GAP = 1.5
"""Points by which a clean mIoU may miss the published one: other libraries, other resizing."""


def clean_gaps(runs: Sequence[Path]) -> list[str]:
    """A sentence for each run whose clean mIoU is more than GAP points from the published one.

    Runs without a published score of the same images, or that are incomplete, are passed over.
    """
    told = [run for run in runs if read_record(run).get("published")]
    if not told:
        return []
    scores = condition_scores(read_counts(told))
    clean = scores[scores["complete"] & (scores["corruption"] == CLEAN.name)]
    found = dict(zip(clean["run"], clean["miou"], strict=True))
    gaps = (clean_gap(read_record(run), found.get(str(run), nan)) for run in told)
    return [gap for gap in gaps if gap]


def clean_gap(record: Mapping[str, Any], miou: float) -> str:
    """A sentence, if a run's clean mIoU is too far from the published one; else nothing.

    record: of its run.json; miou: in percent, nan where it is not complete
    """
    published = record.get("published")
    if not published or not abs(miou - published["miou"]) > GAP:
        return ""
    return (
        f"{record['model']}: its clean mIoU is {miou:.1f}, published is {published['miou']:.1f} "
        f"({published['source']}): look for another preprocessing, other weights or other labels "
        "before believing its other numbers"
    )
