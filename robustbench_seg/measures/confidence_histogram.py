"""The histogram of confidence p: the levels in which correct and wrong pixels are counted.

There are 960 equal levels (lo, hi]. The top level, which contains most pixels of clean images, is
split at 1 - p = 2^-10, 2^-11, ..., 2^-40. The scores are computed from fewer levels: every four
equal levels are merged, except the topmost, so that the counts of a full run fit in memory and its
draws are fast.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.machine.compiled import lazily_compiled
from robustbench_seg.measures.counts import Counts

EQUAL = 960
"""Number of equal levels of p, a multiple of BINS."""

SPLIT = 32
"""Number of sub-levels of the top level."""

LEVELS = EQUAL - 1 + SPLIT
BINS = 15
"""Number of equal bins of ECE."""

UNIT = 2.0**-20
"""Unit of the sums; they are rounded once per image."""

MERGED = 4
"""Number of equal levels that are merged for the scores."""

_FIRST = 9
"""1 - p of the first sub-level is at least 2^-10."""


def level_edges() -> NDArray[np.float64]:
    """Return 1 - p at the lower end of each of the LEVELS and at the upper end of the last."""
    equal = 1 - np.arange(EQUAL) / EQUAL
    return np.concatenate([equal, 2.0 ** -np.arange(_FIRST + 1, _FIRST + SPLIT), [0]])


_MERGED_UPTO = EQUAL - MERGED
POOLED_STARTS = np.concatenate(
    [np.arange(0, _MERGED_UPTO, MERGED), np.arange(_MERGED_UPTO, LEVELS)]
)
"""The first level of each merged level."""

POOLED_BINS = np.minimum(POOLED_STARTS // (EQUAL // BINS), BINS - 1)
"""The bin of each merged level."""

_edges = level_edges()
POOLED_CENTRES = 1 - (_edges[POOLED_STARTS] + _edges[np.append(POOLED_STARTS[1:], LEVELS)]) / 2
"""The confidence in the middle of each merged level."""


@dataclass(frozen=True, eq=False)
class PooledConfidence:
    """The counts from which the scores of confidence are computed; leading axes as in Counts.

    Attributes:
        pixels: float64 (..., 2 L): correct pixels of each of the L merged levels, then wrong ones.
        masses: (..., BINS): the sum of the confidence of each bin's pixels.
        nll: (...): the sum of the negative log-likelihood.
        brier: (...): the sum of the Brier loss.
        known: (...): the number of pixels in these two.
    """

    pixels: NDArray[np.float64]
    masses: NDArray[np.float64]
    nll: NDArray[np.float64]
    brier: NDArray[np.float64]
    known: NDArray[np.float64]

    @classmethod
    def of(cls, counts: Counts) -> "PooledConfidence":
        """Split pooled counts of a ConfidenceMeasure."""
        counts = counts.astype(np.float64, copy=False)
        levels = 2 * len(POOLED_STARTS)
        sums = counts[..., levels:-1] * UNIT
        return cls(
            pixels=counts[..., :levels],
            masses=sums[..., :BINS],
            nll=sums[..., BINS],
            brier=sums[..., BINS + 1],
            known=counts[..., -1],
        )


@lazily_compiled
def count_levels(
    doubt: NDArray[np.float32], labels: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Count correct and wrong pixels by their confidence.

    Args:
        doubt: float32, one axis: 1 - p of each pixel.
        labels: uint8, its predicted class.
        truth: uint8, its true class; IGNORE for pixels that are not counted.

    Returns:
        int64 2xLEVELS: the correct and the wrong pixels of each level; float64 (BINS,): the sum of
        p of the pixels of each bin.
    """
    bits = doubt.view(np.int32)
    counts, masses = np.zeros((2, LEVELS), np.int64), np.zeros(BINS)
    for i in range(len(doubt)):
        if truth[i] != IGNORE:
            # (lo, hi] for p is [1 - hi, 1 - lo) for 1 - p, which matches floor and the exponent of
            # a float.
            level = max(EQUAL - 1 - int(np.float64(doubt[i]) * EQUAL), 0)
            masses[level // (EQUAL // BINS)] += 1.0 - np.float64(doubt[i])
            if level == EQUAL - 1:
                power = 126 - (bits[i] >> 23)
                level += min(max(power - _FIRST, 0), SPLIT - 1)
            counts[int(labels[i] != truth[i]), level] += 1
    return counts, masses
