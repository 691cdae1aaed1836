"""Training a network on a dataset by SegFormer's recipe."""

from robustbench_seg.training.entry_point import train
from robustbench_seg.training.initial_network import InitialNetwork, build_initial_network
from robustbench_seg.training.loop import fit
from robustbench_seg.training.saved_model import find_trained_model
from robustbench_seg.training.trained_model import TrainedModel, save_trained_model, trained_card

__all__ = [
    "InitialNetwork",
    "TrainedModel",
    "build_initial_network",
    "find_trained_model",
    "fit",
    "save_trained_model",
    "train",
    "trained_card",
]
