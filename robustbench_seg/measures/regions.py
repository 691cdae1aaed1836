"""Compiled loops: the connected regions of a label map, and the correct pixels of each."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.machine.compiled import lazily_compiled

Regions = NDArray[np.int32]
"""int32 HxW: the region number of each pixel, from 0; -1 for pixels without a region."""


def connected_regions(labels: NDArray[np.uint8]) -> Regions:
    """Number the connected regions of all classes.

    Args:
        labels: uint8 HxW, IGNORE for pixels that belong to no region.

    Returns:
        Pixels of one class that touch, also at their corners, are one region. Regions are numbered
        by their first pixel.
    """
    return _connect(labels)


def hits_of_regions(
    regions: Regions, count: int, truth: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Count the pixels of each region whose label is the true one: int64 (count,)."""
    hits = _count_hits(regions.ravel(), count, truth.ravel(), labels.ravel())
    return np.asarray(hits.sum(0)[:count])


@lazily_compiled
def _count_hits(
    regions: NDArray[np.int32],
    count: int,
    truth: NDArray[np.uint8],
    labels: NDArray[np.uint8],
) -> NDArray[np.int64]:
    # The last entry is for pixels without a region (-1). With two tables, increments for neighbours
    # do not wait for each other. The caller adds the tables, because numba takes long to compile
    # NumPy's sum.
    hits = np.zeros((2, count + 1), np.int64)
    for i in range(len(regions)):
        hits[i & 1, regions[i]] += truth[i] == labels[i]
    return hits


@lazily_compiled
def _connect(labels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Two passes: assign and merge provisional numbers, then assign the final ones."""
    height, width = labels.shape
    regions = np.full((height, width), -1, np.int32)
    parent = np.empty(height * width + 1, np.int32)
    count = 0
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            if label == IGNORE:
                continue
            own = -1
            for dy, dx in ((0, -1), (-1, -1), (-1, 0), (-1, 1)):
                row, column = y + dy, x + dx
                if row < 0 or column < 0 or column >= width or labels[row, column] != label:
                    continue
                root = regions[row, column]
                if root == own:
                    continue
                while parent[root] != root:
                    parent[root] = parent[parent[root]]
                    root = parent[root]
                if own < 0:
                    own = root
                elif root < own:
                    parent[own] = root
                    own = root
                elif own < root:
                    parent[root] = own
            if own < 0:
                own = count
                parent[count] = count
                count += 1
            regions[y, x] = own
    # A parent has a smaller number, so one pass in order assigns all final numbers.
    final, number = np.empty(count + 1, np.int32), 0
    for i in range(count):
        if parent[i] == i:
            final[i] = number
            number += 1
        else:
            final[i] = final[parent[i]]
    for y in range(height):
        for x in range(width):
            if regions[y, x] >= 0:
                regions[y, x] = final[regions[y, x]]
    return regions
