"""A spot check of conditions without a probe: one image of the tree is generated again.

Trees of format 1 have no probe, and a few corruptions do not support the small built-in image.
"""

from collections.abc import Mapping
from functools import lru_cache

from robustbench_seg.corruption.image_arrays import Image, digest_pixels
from robustbench_seg.errors import CorruptionError, DatasetError, TreeError
from robustbench_seg.records.values.condition import Condition
from robustbench_seg.trees.manifests.manifest import Digests
from robustbench_seg.trees.manifests.other_tree import other_pixels
from robustbench_seg.trees.manifests.tree_record import TreeRecord
from robustbench_seg.trees.writing.plan import TreePlan
from robustbench_seg.trees.writing.png import read_pixels


def check_spots(plan: TreePlan, existing: TreeRecord, known: Mapping[str, Digests]) -> None:
    """Generate one image of each condition without a probe again, and compare it.

    Args:
        plan: The plan of the start.
        existing: The record of the existing tree.
        known: Maps paths in the tree to recorded digests.

    Raises:
        TreeError: A condition, which the message names, gives other pixels.
    """

    @lru_cache(maxsize=1)
    def read(index: int) -> Image:
        return plan.images[index].read()

    def differs(condition: Condition) -> bool:
        for index, image in enumerate(plan.images):
            name = plan.name(image, condition)
            if not (plan.out / name).exists():
                continue
            try:
                recorded = known.get(name)
                pixels = plan.corrupted(image, read(index), condition)
                expected = recorded.pixels if recorded else _digest(plan, name)
            except (CorruptionError, DatasetError, OSError):
                continue  # this image or file is damaged; try the next one
            return digest_pixels(pixels) != expected
        return False

    unprobed = [c for c in plan.conditions if c.folder not in existing.probe]
    if changed := [condition.folder for condition in unprobed if differs(condition)]:
        then, now = existing.libraries, plan.record.libraries
        raise TreeError(other_pixels(plan.out, changed, then=then, now=now))


def _digest(plan: TreePlan, name: str) -> str:
    return digest_pixels(read_pixels(plan.out / name))
