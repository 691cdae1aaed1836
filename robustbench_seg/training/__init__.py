"""Training a network on a dataset by SegFormer's recipe."""

from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.records.training_spec import TrainingSpec
from robustbench_seg.training.loop import Outcome, fit
from robustbench_seg.training.product import save, trained_card
from robustbench_seg.training.run import TrainedModel, train
from robustbench_seg.training.start import Start, initial

__all__ = [
    "Outcome",
    "Start",
    "TrainedModel",
    "TrainingRecipe",
    "TrainingSpec",
    "fit",
    "initial",
    "save",
    "train",
    "trained_card",
]
