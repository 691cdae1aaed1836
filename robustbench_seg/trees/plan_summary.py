"""Summarises the work of a plan, and checks the free space on the disk."""

import shutil
from dataclasses import dataclass

from robustbench_seg.errors import TreeError
from robustbench_seg.trees.space import space_needed
from robustbench_seg.trees.writing.plan import TreePlan


@dataclass(frozen=True)
class PlanSummary:
    """A summary of the work of a plan.

    Attributes:
        dataset: Name of the dataset.
        split: Split of the dataset.
        images: Number of clean images of the shard.
        conditions: Number of conditions of each image.
        missing: Number of corrupted images that do not exist yet.
        needed: Estimated size of these, in bytes.
        free: Free space on the disk, in bytes.
        workers: Number of processes.
    """

    dataset: str
    split: str
    images: int
    conditions: int
    missing: int
    needed: int
    free: int
    workers: int

    def __str__(self) -> str:
        total = self.images * self.conditions
        return (
            f"{self.dataset} {self.split}: {self.images} images x {self.conditions} conditions = "
            f"{total} images, {total - self.missing} of which exist; {self.missing} to generate, "
            f"about {_size(self.needed)} of {_size(self.free)} free; {self.workers} at a time"
        )


def sum_up(plan: TreePlan, workers: int) -> PlanSummary:
    """Summarise the files to write.

    Args:
        plan: The plan.
        workers: Number of processes.

    Raises:
        TreeError: The disk has too little free space.
    """
    folder = plan.out.absolute()
    while not folder.exists():
        folder = folder.parent
    summary = PlanSummary(
        dataset=plan.dataset,
        split=plan.split,
        images=len(plan.shard_images),
        conditions=len(plan.conditions),
        missing=sum(1 for _ in plan.missing()),
        needed=space_needed(plan),
        free=shutil.disk_usage(folder).free,
        workers=workers,
    )
    if summary.needed > summary.free:
        raise TreeError(
            f"{plan.out}: about {_size(summary.needed)} are needed, {_size(summary.free)} "
            "are free; choose another folder, or fewer corruptions and severities"
        )
    return summary


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"
