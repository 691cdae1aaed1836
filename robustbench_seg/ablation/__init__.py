"""The SegFormer paper's ablations: trained, scored clean and corrupted, beside its rows."""

from robustbench_seg.ablation.remarks import differences_from_paper, network_summary
from robustbench_seg.ablation.run import AblationResult, run_ablation
from robustbench_seg.ablation.spec import ABLATION_OPTIONS, AblationSpec, ablation_spec
from robustbench_seg.ablation.table import ablation_table, published_score
from robustbench_seg.records.ablation import (
    Ablation,
    AblationScale,
    AblationVariant,
    list_ablations,
    load_ablation,
)

__all__ = [
    "ABLATION_OPTIONS",
    "Ablation",
    "AblationResult",
    "AblationScale",
    "AblationSpec",
    "AblationVariant",
    "ablation_spec",
    "ablation_table",
    "differences_from_paper",
    "list_ablations",
    "load_ablation",
    "network_summary",
    "published_score",
    "run_ablation",
]
