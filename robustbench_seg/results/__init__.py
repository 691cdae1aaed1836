"""The store of runs, and the scores derived from it."""

from robustbench_seg.results.clean import clean_gap, clean_gap_warnings
from robustbench_seg.results.comparison import (
    Reference,
    check_comparable,
    compare_models,
    reading_notes,
)
from robustbench_seg.results.degradation import DEGRADATION_SOURCE, cd, rcd
from robustbench_seg.results.groups import group_runs, model_runs
from robustbench_seg.results.hardest import HardImage, hardest
from robustbench_seg.results.intervals import (
    FEW,
    RANKED,
    Draws,
    ModelScores,
    ScoreDraws,
    bootstrap,
    interval,
)
from robustbench_seg.results.missing import missing_text
from robustbench_seg.results.models import ScoredModel, own_protocol, read_model
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
from robustbench_seg.results.units import unit_of_image
from robustbench_seg.results.write_errors import write_errors

__all__ = [
    "COLUMNS",
    "DEGRADATION_SOURCE",
    "FEW",
    "RANKED",
    "Draws",
    "HardImage",
    "ModelScores",
    "Reference",
    "Row",
    "Run",
    "RunFolder",
    "ScoreDraws",
    "ScoredModel",
    "Summary",
    "Timing",
    "bootstrap",
    "category_means",
    "cd",
    "check_comparable",
    "class_scores",
    "clean_gap",
    "clean_gap_warnings",
    "coarsest_scores",
    "compare_models",
    "condition_scores",
    "find_runs",
    "group_runs",
    "hardest",
    "holm",
    "interval",
    "median_seconds",
    "missing_text",
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
    "unit_of_image",
    "with_counts",
    "with_every_severity",
    "write_errors",
]
