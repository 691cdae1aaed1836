"""robustseg: how robust a segmentation model is to noise, blur, digital damage and weather.

The names below are the whole Python interface. They load on first use, because torch, pandas
and numba together take seconds to import and most commands need only some of them.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # `import x as x` tells type checkers that a name is exported
    from robustbench_seg.ablation import ablation_steps as ablation_steps
    from robustbench_seg.ablation import run_ablation as run_ablation
    from robustbench_seg.attacks import perturb as perturb
    from robustbench_seg.corruption import FastStream as FastStream
    from robustbench_seg.corruption import corrupt as corrupt
    from robustbench_seg.datasets import class_frequencies as class_frequencies
    from robustbench_seg.datasets import class_groups as class_groups
    from robustbench_seg.datasets import class_names as class_names
    from robustbench_seg.datasets import list_class_maps as list_class_maps
    from robustbench_seg.datasets import list_datasets as list_datasets
    from robustbench_seg.datasets import load_class_map as load_class_map
    from robustbench_seg.datasets import open_dataset as open_dataset
    from robustbench_seg.datasets.minicity import write_minicity as write_minicity
    from robustbench_seg.errors import RobustsegError as RobustsegError
    from robustbench_seg.evaluation import evaluate as evaluate
    from robustbench_seg.records.cards.ablation import list_ablations as list_ablations
    from robustbench_seg.records.cards.model_card import list_models as list_models
    from robustbench_seg.records.cards.protocol import list_protocols as list_protocols
    from robustbench_seg.records.cards.protocol import load_protocol as load_protocol
    from robustbench_seg.records.specs.ablation_spec import AblationSpec as AblationSpec
    from robustbench_seg.records.specs.ablation_spec import ablation_spec as ablation_spec
    from robustbench_seg.records.specs.evaluation_spec import EvaluationSpec as EvaluationSpec
    from robustbench_seg.records.specs.model_spec import ModelSpec as ModelSpec
    from robustbench_seg.records.specs.training_spec import TrainingSpec as TrainingSpec
    from robustbench_seg.records.specs.tree_spec import TreeSpec as TreeSpec
    from robustbench_seg.records.values.shard import Shard as Shard
    from robustbench_seg.records.values.training_recipe import TrainingRecipe as TrainingRecipe
    from robustbench_seg.reporting.comparison_report import compare as compare
    from robustbench_seg.reporting.cost_report import cost as cost
    from robustbench_seg.reporting.leaderboard_report import leaderboard as leaderboard
    from robustbench_seg.reporting.literature.catalogue import literature as literature
    from robustbench_seg.reporting.page_report import report as report
    from robustbench_seg.reporting.receptive_field_report import erf as erf
    from robustbench_seg.reporting.transfer_report import transfer as transfer
    from robustbench_seg.results import scores as scores
    from robustbench_seg.segmenter import load_model as load_model
    from robustbench_seg.segmenter import load_segmenter as load_segmenter
    from robustbench_seg.store import Run as Run
    from robustbench_seg.store import pack as pack
    from robustbench_seg.store import read_results as read_results
    from robustbench_seg.training import train as train
    from robustbench_seg.trees import generate_cityscapes_c as generate_cityscapes_c
    from robustbench_seg.verification import verify as verify

__version__ = "0.2.0"

_ROOMS = {
    "AblationSpec": "records.specs.ablation_spec",
    "EvaluationSpec": "records.specs.evaluation_spec",
    "FastStream": "corruption",
    "ModelSpec": "records.specs.model_spec",
    "RobustsegError": "errors",
    "Run": "store",
    "Shard": "records.values.shard",
    "TrainingRecipe": "records.values.training_recipe",
    "TrainingSpec": "records.specs.training_spec",
    "TreeSpec": "records.specs.tree_spec",
    "ablation_spec": "records.specs.ablation_spec",
    "ablation_steps": "ablation",
    "class_frequencies": "datasets",
    "class_groups": "datasets",
    "class_names": "datasets",
    "compare": "reporting.comparison_report",
    "corrupt": "corruption",
    "cost": "reporting.cost_report",
    "erf": "reporting.receptive_field_report",
    "evaluate": "evaluation",
    "generate_cityscapes_c": "trees",
    "leaderboard": "reporting.leaderboard_report",
    "list_ablations": "records.cards.ablation",
    "list_class_maps": "datasets",
    "list_datasets": "datasets",
    "list_models": "records.cards.model_card",
    "list_protocols": "records.cards.protocol",
    "literature": "reporting.literature.catalogue",
    "load_class_map": "datasets",
    "load_model": "segmenter",
    "load_protocol": "records.cards.protocol",
    "load_segmenter": "segmenter",
    "open_dataset": "datasets",
    "pack": "store",
    "perturb": "attacks",
    "read_results": "store",
    "report": "reporting.page_report",
    "run_ablation": "ablation",
    "scores": "results",
    "train": "training",
    "transfer": "reporting.transfer_report",
    "verify": "verification",
    "write_minicity": "datasets.minicity",
}
"""The module that defines each public name; for type checkers, the imports above say the same."""

__all__ = [*_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return getattr(importlib.import_module(f"{__name__}.{_ROOMS[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
