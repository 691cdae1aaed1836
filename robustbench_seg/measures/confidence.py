"""The confidence of a segmenter in correct and in wrong pixels, and its scores.

Each image has two histograms of confidence (see confidence_histogram), one for correct and one for
wrong pixels. Sums are integer multiples of 2^-20, so that counts are integers, whose sum does not
depend on the order.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.measures.confidence_histogram import (
    BINS,
    LEVELS,
    POOLED_BINS,
    POOLED_CENTRES,
    POOLED_STARTS,
    UNIT,
    PooledConfidence,
    count_levels,
)
from robustbench_seg.measures.confidence_infos import confidence_infos
from robustbench_seg.measures.confidence_scores import scores_of_levels
from robustbench_seg.measures.counts import Counts, ScoreArray, mean
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.prediction import Prediction

_LARGEST = 2**52
"""Larger sums, in units, are clipped."""

_SIZE = 2 * LEVELS + BINS + 3
"""Number of counts of an image."""

_STARTS = np.concatenate([POOLED_STARTS, LEVELS + POOLED_STARTS, np.arange(2 * LEVELS, _SIZE)])
"""The first count of each pooled count: merged levels of correct and of wrong pixels, and sums."""


class ConfidenceMeasure(AdditiveMeasure):
    """Confidence of correct and wrong pixels, raw or after temperature scaling.

    Attributes:
        name: Its name on the command line.
        column: Its column in the parts of a run.
        law: Its law version.
        infos: Its scores.
        needs_confidence: "scaled" if a temperature divides the logits before the softmax, else
            "raw".
    """

    law = 1
    byte_stream_split = True

    def __init__(self, name: str, *, scaled: bool) -> None:
        self.name = self.column = name
        self.needs_confidence = "scaled" if scaled else "raw"
        self.infos = confidence_infos(scaled=scaled)
        raw = confidence_infos(scaled=False)
        self._raw_names = {i.name: r.name for i, r in zip(self.infos, raw, strict=True)}

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (2000,).

        991 levels of correct pixels, 991 of wrong ones, the sum of p in each of 15 bins, the sums
        of the negative log-likelihood and the Brier loss, and the number of pixels in these two.
        """
        return (_SIZE,)

    def observe(self, prepared: None, prediction: Prediction) -> NDArray[np.int64]:
        """Return the histograms and sums of an image with confidence, int64."""
        confidence = (
            prediction.scaled if self.needs_confidence == "scaled" else prediction.confidence
        )
        if confidence is None:
            raise ValueError(f"{self.name} needs a prediction with confidence")
        pixels = int(prediction.matrix.sum())  # it also checks the labels
        levels, masses = count_levels(
            confidence.doubt.ravel(), prediction.labels.ravel(), prediction.truth.ravel()
        )
        sums = [*masses, confidence.nll or 0.0, confidence.brier or 0.0]
        whole = np.minimum(np.rint(np.array(sums) / UNIT), _LARGEST).astype(np.int64)
        known = 0 if confidence.nll is None else pixels
        return np.concatenate([levels.ravel(), whole, [known]])

    def pooled(self, observed: Counts) -> NDArray[np.float32]:
        """Return the counts of merged levels and the sums, float32 (..., 566)."""
        return np.add.reduceat(observed, _STARTS, axis=-1).astype(np.float32)

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the scores; nan if no pixel has confidence, or probabilities are unknown."""
        pooled = PooledConfidence.of(counts)
        scores = {
            **scores_of_levels(pooled.pixels, pooled.masses, POOLED_CENTRES, POOLED_BINS),
            "nll": mean(pooled.nll, pooled.known),
            "brier": mean(pooled.brier, pooled.known),
        }
        return {name: scores[raw] for name, raw in self._raw_names.items()}


CONFIDENCE = ConfidenceMeasure("confidence", scaled=False)
SCALED_CONFIDENCE = ConfidenceMeasure("confidence_t", scaled=True)
