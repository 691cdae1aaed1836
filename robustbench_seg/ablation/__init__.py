"""The ablations of the SegFormer paper, with scores under corruption next to the paper's scores."""

from robustbench_seg.ablation.outcome_table import ablation_table
from robustbench_seg.ablation.overview import ablation_overview
from robustbench_seg.ablation.paper_differences import differences_from_paper
from robustbench_seg.ablation.published import published_score
from robustbench_seg.ablation.runner import AblationResult, run_ablation
from robustbench_seg.ablation.steps import ablation_steps

__all__ = [
    "AblationResult",
    "ablation_overview",
    "ablation_steps",
    "ablation_table",
    "differences_from_paper",
    "published_score",
    "run_ablation",
]
