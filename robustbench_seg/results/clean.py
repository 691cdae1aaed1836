"""The first thing to trust or mistrust of a run: its clean score beside the published one."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.protocol import CLEAN
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
    clean = scores[scores["complete"] & (scores["corruption"] == CLEAN.corruption)]
    found = dict(zip(clean["run"], clean["miou"], strict=True))
    gaps = []
    for run in told:
        record, miou = read_record(run), found.get(str(run))
        published = record["published"]
        if miou is not None and abs(miou - published["miou"]) > GAP:
            gaps.append(
                f"{record['model']}: its clean mIoU is {miou:.1f}, published is "
                f"{published['miou']:.1f} ({published['source']}): look for another preprocessing, "
                "other weights or other labels before believing its other numbers"
            )
    return gaps
