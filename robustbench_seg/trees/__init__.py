"""Trees: corrupted datasets on disk, each described and verified by a manifest."""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import verify_tree

__all__ = ["generate_cityscapes_c", "verify_tree"]
