"""Training a network on a dataset by SegFormer's recipe."""

from robustbench_seg.training.loop import Outcome, fit
from robustbench_seg.training.product import save, trained_card
from robustbench_seg.training.recipe import Recipe

__all__ = ["Outcome", "Recipe", "fit", "save", "trained_card"]
