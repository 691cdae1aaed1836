"""Trees: a dataset corrupted on disk, written, described by a manifest and verified."""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import Problem, Verification, verify

__all__ = ["Problem", "Verification", "generate_cityscapes_c", "verify"]
