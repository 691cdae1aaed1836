"""Trees: corrupted datasets on disk, each described and verified by a manifest.

* Generating: `generate` (the whole command), `plan_summary` and `space` (disk space) before it, and
  writing/ for the work.
* Reading: `verification`, and `tree` for images, also those of trees of other programs.
* The description of a tree: manifests/.
"""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import verify_tree

__all__ = ["generate_cityscapes_c", "verify_tree"]
