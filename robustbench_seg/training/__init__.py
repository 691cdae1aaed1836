"""Training a network on a dataset by SegFormer's recipe."""

from robustbench_seg.records.training_recipe import TrainingRecipe
from robustbench_seg.records.training_spec import TrainingSpec
from robustbench_seg.training.finished import finished_training
from robustbench_seg.training.loop import TrainingOutcome, fit
from robustbench_seg.training.product import TrainedModel, save, trained_card
from robustbench_seg.training.run import train
from robustbench_seg.training.start import Start, initial_network

__all__ = [
    "Start",
    "TrainedModel",
    "TrainingOutcome",
    "TrainingRecipe",
    "TrainingSpec",
    "finished_training",
    "fit",
    "initial_network",
    "save",
    "train",
    "trained_card",
]
