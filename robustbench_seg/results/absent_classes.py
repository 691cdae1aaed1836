"""Classes of a dataset that no clean image of a run holds."""

from collections.abc import Sequence
from pathlib import Path

from robustbench_seg.records.runs.run_file import read_record
from robustbench_seg.records.values.condition import CLEAN
from robustbench_seg.store import COUNTS, read_counts, with_counts
from robustbench_seg.text import counted, first_items


def absent_class_warnings(runs: Sequence[Path]) -> list[str]:
    """Name the classes without a true pixel in the clean images of runs.

    Args:
        runs: Run folders. One without a scored clean image, or without confusion matrices, is
            skipped.

    Returns:
        A sentence for each dataset that lacks classes; runs of the same images share one.
    """
    return list(dict.fromkeys(text for run in runs if (text := _warning(run))))


def _warning(run: Path) -> str | None:
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
    of = f"{len(absent)} of {len(record.scored_classes)} classes"
    images = counted(len(clean), "image")
    have = "has" if len(absent) == 1 else "have"
    return f"{record.dataset}: {of} {have} no true pixel in the {images}: {first_items(absent)}"
