"""Warnings about the clean scores of runs, on which all other scores depend."""

from collections.abc import Sequence
from math import nan
from pathlib import Path

from robustbench_seg.measures import CONFUSION
from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.runs.run_record import RunRecord
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import COUNTS, condition_scores, read_counts, with_counts
from robustbench_seg.text import counted, first_items

LARGEST_GAP = 1.5
"""Points by which a clean mIoU may differ from the published one because of other libraries or
resizing.
"""


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
        record: The record of the run.
        miou: Its clean mIoU in percent; nan if it is incomplete.

    Returns:
        A sentence if the two are more than LARGEST_GAP points apart; None otherwise.
    """
    published = record.published
    if not published or not abs(miou - published.miou) > LARGEST_GAP:
        return None
    return (
        f"{record.model}: its clean mIoU is {miou:.1f}, but the published one is "
        f"{published.miou:.1f} ({published.source}); check preprocessing, weights and labels "
        "before you trust its other numbers"
    )


def absent_class_warnings(runs: Sequence[Path]) -> list[str]:
    """Name the classes without a true pixel in the clean images of runs.

    Args:
        runs: Run folders. One without a scored clean image, or without confusion matrices, is
            skipped.

    Returns:
        A sentence for each dataset that lacks classes; runs of the same images share one.
    """
    return list(dict.fromkeys(text for run in runs if (text := _absent_classes(run))))


def _absent_classes(run: Path) -> str | None:
    counts = read_counts(run)
    clean = with_counts(counts[counts["corruption"] == CLEAN.name])
    if clean.empty:
        return None
    _, truth, _ = sum(clean[COUNTS])
    record = read_record(run)
    pixels = dict(zip(record.classes, truth, strict=True))
    absent = [name for name in record.scored_classes if not pixels[name]]
    if not absent:
        return None
    share = f"{len(absent)} of {len(record.scored_classes)} classes"
    images = counted(len(clean), "image")
    have = "has" if len(absent) == 1 else "have"
    return f"{record.dataset}: {share} {have} no true pixel in the {images}: {first_items(absent)}"
