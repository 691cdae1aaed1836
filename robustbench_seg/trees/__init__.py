"""Trees: corrupted datasets on disk, each described and verified by a manifest.

From the bottom up:

* What is written: `plan` (images and conditions), `clean_images`, `png`, `links` (labels),
  `descriptions` (a TOML file for each condition), `plan_summary` and `space` (is there room).
* How a tree describes itself: `tree_record` (what decides its pixels), `manifest` (the record and
  every file), `tree_files` (both as JSON, with their digest), `first_format` (the oldest JSON),
  `other_tree` (how errors name a difference).
* Making it: `resume` (begin, or go on with what is there), `spot_check` (does an old tree still
  give the same pixels), `image_job` (one clean image), `writing` (all), `merging` (the manifests
  of shards), `generate` (the whole command).
* Reading it: `verification`, and `foreign` for trees of other programs.
"""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import verify_tree

__all__ = ["generate_cityscapes_c", "verify_tree"]
