"""Trees: a dataset corrupted on disk, made, described by a manifest and verified."""

from robustbench_seg.trees.cityscapes_c import generate_cityscapes_c
from robustbench_seg.trees.verification import Problem, verify

__all__ = ["Problem", "generate_cityscapes_c", "verify"]
