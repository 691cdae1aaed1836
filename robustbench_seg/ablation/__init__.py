"""The SegFormer paper's ablations: trained, scored clean and corrupted, beside its rows."""

from robustbench_seg.ablation.definition import (
    Ablation,
    AblationScale,
    AblationVariant,
    list_ablations,
    load_ablation,
)
from robustbench_seg.ablation.run import AblationResult, run_ablation
from robustbench_seg.ablation.spec import ABLATION_OPTIONS, AblationSpec, ablation_spec
from robustbench_seg.ablation.table import ablation_table, published_score

__all__ = [
    "ABLATION_OPTIONS",
    "Ablation",
    "AblationResult",
    "AblationScale",
    "AblationSpec",
    "AblationVariant",
    "ablation_spec",
    "ablation_table",
    "list_ablations",
    "load_ablation",
    "published_score",
    "run_ablation",
]
