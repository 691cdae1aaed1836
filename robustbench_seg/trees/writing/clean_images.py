"""The clean images of a plan. A dataset without files is drawn into the tree."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from robustbench_seg.datasets import TreeDataset
from robustbench_seg.errors import TreeError
from robustbench_seg.trees.writing.plan import CleanImage, TreePlan

CLEAN_FOLDER = "clean"
"""Folder in a tree for the clean images and labels of a dataset without files."""


def clean_images(dataset: TreeDataset, sizes: Mapping[str, int]) -> tuple[CleanImage, ...]:
    """Return the images of a dataset.

    Args:
        dataset: The dataset.
        sizes: Maps an image id to the size of its file in bytes, if it is known.
    """
    return tuple(
        CleanImage(name, partial(dataset.image, index), dataset.companions(index), sizes.get(name))
        for index, name in enumerate(dataset.ids)
    )


def with_images_on_disk(plan: TreePlan, dataset: TreeDataset) -> TreePlan:
    """Return the plan with all clean images in files; a dataset without files is drawn."""
    folder = plan.out / CLEAN_FOLDER
    drawn = dataset.on_disk(folder)
    if drawn is dataset:
        return plan
    _check_drawn(dataset, drawn, folder)
    clean_files = tuple(f"{CLEAN_FOLDER}/{name}" for name in _files(drawn))
    return replace(plan, images=clean_images(drawn, {}), clean_files=clean_files)


def _check_drawn(dataset: TreeDataset, on_disk: TreeDataset, folder: Path) -> None:
    """Raise TreeError if a file of a drawn dataset differs from the drawing."""
    for index, name in enumerate(dataset.ids):
        drawn, found = dataset[index], on_disk[index]
        same_image = np.array_equal(drawn.image, found.image)
        if not (same_image and np.array_equal(drawn.labels, found.labels)):
            raise TreeError(
                f"{folder / name} or its labels are not those of {dataset.name}; remove {folder} "
                "and start again"
            )


def _files(dataset: TreeDataset) -> Iterator[str]:
    """Yield the paths of the images and labels in the dataset's root."""
    for index, name in enumerate(dataset.ids):
        yield name
        yield from dataset.companions(index)
