"""The store of runs, and the scores derived from it."""

from robustbench_seg.results.clean import clean_gaps
from robustbench_seg.results.intervals import (
    Bootstrap,
    Difference,
    bootstrap,
    condition_intervals,
    interval,
    paired_difference,
)
from robustbench_seg.results.read import read_counts, read_results
from robustbench_seg.results.scores import (
    category_means,
    class_scores,
    condition_scores,
    protocol_scores,
)
from robustbench_seg.results.store import (
    Row,
    RunFolder,
    Timing,
    file_name,
    find_runs,
    key_digest,
    read_record,
    writing,
)

__all__ = [
    "Bootstrap",
    "Difference",
    "Row",
    "RunFolder",
    "Timing",
    "bootstrap",
    "category_means",
    "class_scores",
    "clean_gaps",
    "condition_intervals",
    "condition_scores",
    "file_name",
    "find_runs",
    "interval",
    "key_digest",
    "paired_difference",
    "protocol_scores",
    "read_counts",
    "read_record",
    "read_results",
    "writing",
]
