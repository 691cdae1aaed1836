"""Evaluations: every model x every image x every condition, counted and kept."""

from robustbench_seg.evaluation.entry_point import evaluate
from robustbench_seg.evaluation.inputs.evaluation import Evaluation, open_evaluation

__all__ = ["Evaluation", "evaluate", "open_evaluation"]
