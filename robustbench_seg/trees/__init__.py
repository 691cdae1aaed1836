"""Trees: corrupted datasets on disk, each described and verified by a manifest."""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import Problem, Verification, verify

__all__ = ["Problem", "Verification", "generate_cityscapes_c", "verify"]
