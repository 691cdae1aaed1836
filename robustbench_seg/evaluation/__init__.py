"""A study: every model x every image x every condition -> one confusion matrix each."""

from robustbench_seg.evaluation.order import Order
from robustbench_seg.evaluation.run import evaluate

__all__ = ["Order", "evaluate"]
