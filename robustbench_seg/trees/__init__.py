"""Trees: corrupted datasets on disk, each described and verified by a manifest.

From the bottom up:

* The files: `plan` (images and conditions), `clean_images`, `png`, `links` (labels),
  `descriptions` (a TOML file for each condition), `plan_summary` and `space` (disk space).
* The description of a tree: `tree_record` (the settings that decide its pixels), `manifest` (the
  record and every file), `tree_files` (both as JSON, with their digest), `first_format` (the oldest
  JSON), `other_tree` (errors about differences).
* Generating: `resume` (begin or continue), `spot_check` (checks that an old tree still gives the
  same pixels), `image_job` (one clean image), `writing` (all), `merging` (the manifests of shards),
  `generate` (the whole command).
* Reading: `verification`, and `tree` for images, also those of trees of other programs.
"""

from robustbench_seg.trees.generate import generate_cityscapes_c
from robustbench_seg.trees.verification import verify_tree

__all__ = ["generate_cityscapes_c", "verify_tree"]
