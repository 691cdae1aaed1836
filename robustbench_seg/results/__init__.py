"""The scores of runs, their intervals, and the comparisons of models.

From the bottom up: statistics/ draws images and trainings, and derives intervals and tests from the
draws. summaries/ averages the conditions of a protocol. models/ computes the scores of one model
from the counts of its runs. comparisons/ compares models. Next to these rooms are the tables of
scores (score_table.py, score_columns.py) and the checks of clean scores (clean_checks.py).
"""

from robustbench_seg.results.clean_checks import (
    absent_class_warnings,
    clean_gap,
    clean_gap_warnings,
)
from robustbench_seg.results.comparisons.comparability import (
    are_comparable,
    check_comparable,
    noted_differences,
)
from robustbench_seg.results.comparisons.corruption_degradation import (
    DegradationKind,
    Reference,
    degradations,
)
from robustbench_seg.results.comparisons.lead import lead_of
from robustbench_seg.results.comparisons.model_comparison import compare_models
from robustbench_seg.results.comparisons.ranks import shared_ranks
from robustbench_seg.results.comparisons.verdicts import (
    FEWEST_UNITS,
    ScoreDifference,
    Verdict,
    established_pairs,
    verdicts,
)
from robustbench_seg.results.models.bootstrap import bootstrap
from robustbench_seg.results.models.hardest_images import hardest_images
from robustbench_seg.results.models.scored_model import ScoredModel, read_model
from robustbench_seg.results.models.seeds import random_perturbations, seed_means, seeds_text
from robustbench_seg.results.models.subsets import DropScore, SubsetScore, subset_scores
from robustbench_seg.results.models.trainings import Trainings
from robustbench_seg.results.score_columns import (
    CHIEF_COLUMNS,
    CLASS_MAP_COLUMN,
    MEAN_COLUMNS,
    MEASURED,
    PUBLISHED,
    RUNS_COLUMN,
    SCORE_COLUMNS,
    Source,
    is_measured,
    miou_columns,
    runs_text,
    with_class_map,
)
from robustbench_seg.results.score_table import (
    published_score_table,
    scores,
    scores_of_model,
    subset_table,
)
from robustbench_seg.results.statistics.draws import RESAMPLES, Draws, score_of
from robustbench_seg.results.statistics.intervals import (
    FEW_UNITS,
    NO_INTERVAL,
    PERCENT,
    UNBOUNDED,
    Interval,
    degrees_of_ratio,
    score_interval,
)
from robustbench_seg.results.statistics.sampling_units import unit_of_image
from robustbench_seg.results.statistics.significance import ALPHA
from robustbench_seg.results.summaries.model_scores import RANKING_SCORE, ModelScores, ScoreDraws
from robustbench_seg.results.summaries.summary import category_means, mean_of_averaged, summarise
from robustbench_seg.results.summaries.summary_scores import SummaryKind, summary_scores
from robustbench_seg.results.summaries.worst_case import worst_corruption

__all__ = [
    "ALPHA",
    "CHIEF_COLUMNS",
    "CLASS_MAP_COLUMN",
    "FEWEST_UNITS",
    "FEW_UNITS",
    "MEAN_COLUMNS",
    "MEASURED",
    "NO_INTERVAL",
    "PERCENT",
    "PUBLISHED",
    "RANKING_SCORE",
    "RESAMPLES",
    "RUNS_COLUMN",
    "SCORE_COLUMNS",
    "UNBOUNDED",
    "DegradationKind",
    "Draws",
    "DropScore",
    "Interval",
    "ModelScores",
    "Reference",
    "ScoreDifference",
    "ScoreDraws",
    "ScoredModel",
    "Source",
    "SubsetScore",
    "SummaryKind",
    "Trainings",
    "Verdict",
    "absent_class_warnings",
    "are_comparable",
    "bootstrap",
    "category_means",
    "check_comparable",
    "clean_gap",
    "clean_gap_warnings",
    "compare_models",
    "degradations",
    "degrees_of_ratio",
    "established_pairs",
    "hardest_images",
    "is_measured",
    "lead_of",
    "mean_of_averaged",
    "miou_columns",
    "noted_differences",
    "published_score_table",
    "random_perturbations",
    "read_model",
    "runs_text",
    "score_interval",
    "score_of",
    "scores",
    "scores_of_model",
    "seed_means",
    "seeds_text",
    "shared_ranks",
    "subset_scores",
    "subset_table",
    "summarise",
    "summary_scores",
    "unit_of_image",
    "verdicts",
    "with_class_map",
    "worst_corruption",
]
