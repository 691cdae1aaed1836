"""Reliability diagrams and risk-coverage curves, from pooled counts of confidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.confidence_histogram import BINS, POOLED_BINS, PooledConfidence
from robustbench_seg.measures.counts import Counts

COVERAGES = np.arange(1, 101) / 100
"""Shares of kept pixels at which the risk is computed."""


@dataclass(frozen=True, eq=False)
class Reliability:
    """Confidence, accuracy and risk of the pixels of one or several conditions.

    Attributes:
        confidence: float64 (15,), 0..1: mean confidence of each bin of the ECE; nan without pixels.
        accuracy: Share of correct pixels in each bin, likewise.
        share: Share of all pixels in each bin.
        risk: float64 (100,), 0..1: error rate of the most confident pixels at each of COVERAGES.
            Within a level of confidence, correct and wrong pixels are treated as evenly mixed.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    share: NDArray[np.float64]
    risk: NDArray[np.float64]

    @classmethod
    def of(cls, counts: Counts) -> "Reliability":
        """Compute the curves from pooled counts of a ConfidenceMeasure with at least one pixel."""
        pooled = PooledConfidence.of(counts)
        right, wrong = np.split(pooled.pixels, 2)
        of_bins = np.bincount(POOLED_BINS, right + wrong, BINS)
        hits = np.bincount(POOLED_BINS, right, BINS)
        filled = np.where(of_bins > 0, of_bins, np.nan)
        kept = np.append(0, np.cumsum((right + wrong)[::-1]))
        errors = np.append(0, np.cumsum(wrong[::-1]))
        at = COVERAGES * kept[-1]
        return cls(
            confidence=pooled.masses / filled,
            accuracy=hits / filled,
            share=of_bins / kept[-1],
            risk=np.interp(at, kept, errors) / at,
        )
