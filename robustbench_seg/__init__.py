"""robustseg: how robust a segmentation model is to noise, blur, digital damage and weather.

The names below are the whole Python interface. They load on first use, because torch, pandas
and numba together take seconds to import and most commands need only some of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustbench_seg.ablation import ablation_spec, run_ablation
    from robustbench_seg.corruption import FastStream, corrupt
    from robustbench_seg.datasets import class_groups, class_names, list_datasets, open_dataset
    from robustbench_seg.datasets.minicity import write_minicity
    from robustbench_seg.errors import RobustsegError
    from robustbench_seg.evaluation import evaluate
    from robustbench_seg.records.evaluation_spec import EvaluationSpec
    from robustbench_seg.records.model_card import list_models
    from robustbench_seg.records.protocol import list_protocols, load_protocol
    from robustbench_seg.records.training_recipe import TrainingRecipe
    from robustbench_seg.reporting import compare, report
    from robustbench_seg.reporting.costs import cost
    from robustbench_seg.reporting.receptive_fields import erf
    from robustbench_seg.results import Run, read_results, scores
    from robustbench_seg.segmenter import load_model, load_segmenter
    from robustbench_seg.training import train
    from robustbench_seg.trees import generate_cityscapes_c, verify

__version__ = "0.1.0"

_ROOMS = {
    "EvaluationSpec": "records.evaluation_spec",
    "FastStream": "corruption",
    "RobustsegError": "errors",
    "Run": "results",
    "TrainingRecipe": "records.training_recipe",
    "ablation_spec": "ablation",
    "class_groups": "datasets",
    "class_names": "datasets",
    "compare": "reporting",
    "corrupt": "corruption",
    "cost": "reporting.costs",
    "erf": "reporting.receptive_fields",
    "evaluate": "evaluation",
    "generate_cityscapes_c": "trees",
    "list_datasets": "datasets",
    "list_models": "records.model_card",
    "list_protocols": "records.protocol",
    "load_model": "segmenter",
    "load_protocol": "records.protocol",
    "load_segmenter": "segmenter",
    "open_dataset": "datasets",
    "read_results": "results",
    "report": "reporting",
    "run_ablation": "ablation",
    "scores": "results",
    "train": "training",
    "verify": "trees",
    "write_minicity": "datasets.minicity",
}

__all__ = [
    "EvaluationSpec",
    "FastStream",
    "RobustsegError",
    "Run",
    "TrainingRecipe",
    "ablation_spec",
    "class_groups",
    "class_names",
    "compare",
    "corrupt",
    "cost",
    "erf",
    "evaluate",
    "generate_cityscapes_c",
    "list_datasets",
    "list_models",
    "list_protocols",
    "load_model",
    "load_protocol",
    "load_segmenter",
    "open_dataset",
    "read_results",
    "report",
    "run_ablation",
    "scores",
    "train",
    "verify",
    "write_minicity",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
