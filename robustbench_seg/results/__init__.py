"""The scores of runs, their intervals, and the comparisons of models."""

from robustbench_seg.results.absent_classes import absent_class_warnings
from robustbench_seg.results.clean_gap import clean_gap, clean_gap_warnings
from robustbench_seg.results.comparability import check_comparable, reading_notes
from robustbench_seg.results.corruption_degradation import (
    DEGRADATION_CITATION,
    Reference,
    degradation,
)
from robustbench_seg.results.draws import RESAMPLES, Draws
from robustbench_seg.results.hardest_images import hardest_images
from robustbench_seg.results.intervals import (
    FEW_UNITS,
    PERCENT,
    UNBOUNDED,
    Interval,
    score_interval,
)
from robustbench_seg.results.lead import Lead, lead_of
from robustbench_seg.results.model_comparison import compare_models
from robustbench_seg.results.model_scores import RANKED, ModelScores, ScoreDraws
from robustbench_seg.results.ranks import established_pairs, shared_ranks
from robustbench_seg.results.sampling_units import unit_of_image
from robustbench_seg.results.score_columns import (
    CLASS_MAP_COLUMN,
    SCORE_COLUMNS,
    miou_columns,
    with_class_map,
)
from robustbench_seg.results.score_table import (
    published_score_table,
    score_table,
    scores,
    subset_table,
)
from robustbench_seg.results.scored_model import ScoredModel, read_model
from robustbench_seg.results.seeds import random_perturbations, seeds_text
from robustbench_seg.results.subsets import DROP_METRIC, SubsetScore, subset_scores
from robustbench_seg.results.summary import category_means
from robustbench_seg.results.summary_scores import SummaryKind, summary_scores
from robustbench_seg.results.verdicts import FEWEST_UNITS, ScoreDifference, Verdict, verdicts
from robustbench_seg.results.worst_case import worst_corruption

__all__ = [
    "CLASS_MAP_COLUMN",
    "DEGRADATION_CITATION",
    "DROP_METRIC",
    "FEWEST_UNITS",
    "FEW_UNITS",
    "PERCENT",
    "RANKED",
    "RESAMPLES",
    "SCORE_COLUMNS",
    "UNBOUNDED",
    "Draws",
    "Interval",
    "Lead",
    "ModelScores",
    "Reference",
    "ScoreDifference",
    "ScoreDraws",
    "ScoredModel",
    "SubsetScore",
    "SummaryKind",
    "Verdict",
    "absent_class_warnings",
    "category_means",
    "check_comparable",
    "clean_gap",
    "clean_gap_warnings",
    "compare_models",
    "degradation",
    "established_pairs",
    "hardest_images",
    "lead_of",
    "miou_columns",
    "published_score_table",
    "random_perturbations",
    "read_model",
    "reading_notes",
    "score_interval",
    "score_table",
    "scores",
    "seeds_text",
    "shared_ranks",
    "subset_scores",
    "subset_table",
    "summary_scores",
    "unit_of_image",
    "verdicts",
    "with_class_map",
    "worst_corruption",
]
