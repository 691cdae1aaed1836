"""Counts the pairs of values at the same position of two arrays."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import lazily_compiled


def count_pairs(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count how often each pair of values occurs at the same position of two arrays.

    Args:
        first: uint8 of any shape.
        second: uint8, same shape.

    Returns:
        int64 256x256: rows are the values of `first`, columns those of `second`.
    """
    return np.asarray(_count_pairs(first.ravel(), second.ravel()).sum(0))


@lazily_compiled
def _count_pairs(labels: NDArray[np.uint8], predictions: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count each pair of values of two one-dimensional arrays: int64 4x256x256, to be added."""
    # Neighbours often form the same pair. With four tables, increments do not wait for each other.
    # The caller adds the tables, because numba takes long to compile NumPy's sum.
    counts = np.zeros((4, 256, 256), np.int64)
    whole = len(labels) // 4 * 4
    for i in range(0, whole, 4):
        counts[0, labels[i], predictions[i]] += 1
        counts[1, labels[i + 1], predictions[i + 1]] += 1
        counts[2, labels[i + 2], predictions[i + 2]] += 1
        counts[3, labels[i + 3], predictions[i + 3]] += 1
    for i in range(whole, len(labels)):
        counts[0, labels[i], predictions[i]] += 1
    return counts
