"""The store of runs, and the scores derived from it."""

from robustbench_seg.results.clean import clean_gap, clean_gaps
from robustbench_seg.results.comparison import (
    Reference,
    check_comparable,
    compare_models,
    reading_notes,
)
from robustbench_seg.results.degradation import DEGRADATION_SOURCE, cd, rcd
from robustbench_seg.results.groups import group_runs, model_runs
from robustbench_seg.results.hardest import Hard, hardest
from robustbench_seg.results.intervals import (
    FEW,
    RANKED,
    Bootstrap,
    DrawnScore,
    Draws,
    bootstrap,
    interval,
)
from robustbench_seg.results.missing import missing
from robustbench_seg.results.models import Model, own_protocol, read_model
from robustbench_seg.results.parts import Row, Timing
from robustbench_seg.results.read import read_counts, read_results, with_counts
from robustbench_seg.results.run import Run, summary_text
from robustbench_seg.results.scores import (
    Summary,
    category_means,
    class_scores,
    coarsest_scores,
    condition_scores,
    protocol_scores,
    summarise,
    with_every_severity,
)
from robustbench_seg.results.significance import holm, p_value, resamples_for
from robustbench_seg.results.store import RunFolder, find_runs
from robustbench_seg.results.table import COLUMNS, score_table, scores
from robustbench_seg.results.timings import median_seconds
from robustbench_seg.results.units import units
from robustbench_seg.results.writing import file_name, writing

__all__ = [
    "COLUMNS",
    "DEGRADATION_SOURCE",
    "FEW",
    "RANKED",
    "Bootstrap",
    "DrawnScore",
    "Draws",
    "Hard",
    "Model",
    "Reference",
    "Row",
    "Run",
    "RunFolder",
    "Summary",
    "Timing",
    "bootstrap",
    "category_means",
    "cd",
    "check_comparable",
    "class_scores",
    "clean_gap",
    "clean_gaps",
    "coarsest_scores",
    "compare_models",
    "condition_scores",
    "file_name",
    "find_runs",
    "group_runs",
    "hardest",
    "holm",
    "interval",
    "median_seconds",
    "missing",
    "model_runs",
    "own_protocol",
    "p_value",
    "protocol_scores",
    "rcd",
    "read_counts",
    "read_model",
    "read_results",
    "reading_notes",
    "resamples_for",
    "score_table",
    "scores",
    "summarise",
    "summary_text",
    "units",
    "with_counts",
    "with_every_severity",
    "writing",
]
