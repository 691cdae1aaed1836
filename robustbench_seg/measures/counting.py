"""The loop over pixels behind `confusion`."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import compiled


@compiled
def count_pairs(labels: NDArray[np.uint8], predictions: NDArray[np.uint8]) -> NDArray[np.int64]:
    """How often each pair of values occurs: int64 256x256, rows the labels.

    labels, predictions: one-dimensional, of one length
    """
    # Neighbours often make the same pair: four tables, so that none waits for the one before.
    counts = np.zeros((4, 256, 256), np.int64)
    whole = len(labels) // 4 * 4
    for i in range(0, whole, 4):
        counts[0, labels[i], predictions[i]] += 1
        counts[1, labels[i + 1], predictions[i + 1]] += 1
        counts[2, labels[i + 2], predictions[i + 2]] += 1
        counts[3, labels[i + 3], predictions[i + 3]] += 1
    for i in range(whole, len(labels)):
        counts[0, labels[i], predictions[i]] += 1
    total: NDArray[np.int64] = counts[0] + counts[1] + counts[2] + counts[3]
    return total
