"""How confident a segmenter is in right and in wrong pixels, and the scores that follow.

Each image has two histograms of confidence p, of its right and of its wrong pixels, over 960 equal
levels (lo, hi]. The top level, in which most pixels of clean images lie, is split at 1 - p = 2^-10,
2^-11, ..., 2^-40. Sums are whole numbers of 2^-20, so that an image's counts are integers, which
add up in any order.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.datasets import IGNORE
from robustbench_seg.machine.compiled import lazily_compiled
from robustbench_seg.measures.confidence_infos import confidence_infos
from robustbench_seg.measures.confidence_scores import scores_of_levels
from robustbench_seg.measures.counts import Counts, ScoreArray, mean
from robustbench_seg.measures.measure import AdditiveMeasure
from robustbench_seg.measures.prediction import Confidence, Prediction

EQUAL = 960
"""Equal levels of p: the 15 bins of ECE divide them."""

SPLIT = 32
"""Sub-levels of the top level."""

LEVELS = EQUAL - 1 + SPLIT
BINS = 15
UNIT = 2.0**-20
"""Unit of the sums, which are rounded once for each image."""

MERGED = 4
"""Equal levels that are merged for the scores."""

_FIRST = 9
"""1 - p of the first sub-level is at least 2^-10."""

_LARGEST = 2**52


class ConfidenceMeasure(AdditiveMeasure):
    """Confidence of right and wrong pixels, raw or after temperature scaling.

    Attributes:
        name: Its name on the command line.
        column: Its column in the parts of a run.
        law: Its law version.
        infos: Its scores.
        needs_confidence: "scaled" where the logits were divided by a temperature before the
            softmax, else "raw".
    """

    law = 1
    byte_stream_split = True

    def __init__(self, name: str, *, scaled: bool) -> None:
        self.name = self.column = name
        self.needs_confidence = "scaled" if scaled else "raw"
        self.infos = confidence_infos(scaled)
        raw = confidence_infos(scaled=False)
        self._raw_names = {i.name: r.name for i, r in zip(self.infos, raw, strict=True)}

    def shape(self, classes: int) -> tuple[int, ...]:
        """Return (2000,).

        991 levels of right pixels, 991 of wrong ones, the sum of p in each of 15 bins, the sums of
        the negative log-likelihood and the Brier loss, and the number of pixels in these two.
        """
        return (2 * LEVELS + BINS + 3,)

    def observe(self, prepared: None, prediction: Prediction) -> NDArray[np.int64]:
        """Return the histograms and sums of an image with confidence, int64."""
        confidence = (
            prediction.scaled if self.needs_confidence == "scaled" else prediction.confidence
        )
        if confidence is None:
            raise ValueError(f"a prediction with confidence is wanted for {self.name}")
        pixels = int(prediction.matrix.sum())  # the labels are checked there
        levels, masses = _count_levels(
            confidence.doubt.ravel(), prediction.labels.ravel(), prediction.truth.ravel()
        )
        sums = [*masses, *_losses(confidence)]
        whole = np.minimum(np.rint(np.array(sums) / UNIT), _LARGEST).astype(np.int64)
        known = 0 if confidence.nll is None else pixels
        return np.concatenate([levels.ravel(), whole, [known]])

    def pooled(self, observed: Counts) -> NDArray[np.float32]:
        """Return the counts from which the scores are computed, float32 (..., 566).

        Every four equal levels are merged, except the topmost, so that the counts of a full run fit
        in memory and its draws are fast: 239 + 3 + 32 levels of right and of wrong pixels, and
        the sums.
        """
        kinds = observed[..., : 2 * LEVELS].reshape(*observed.shape[:-1], 2, LEVELS)
        four = sum(kinds[..., place:_MERGED_UPTO:MERGED] for place in range(MERGED))
        merged = np.concatenate([four, kinds[..., _MERGED_UPTO:]], -1)
        flat = merged.reshape(*observed.shape[:-1], -1)
        return np.concatenate([flat, observed[..., 2 * LEVELS :]], -1).astype(np.float32)

    def compute(self, counts: Counts) -> Mapping[str, ScoreArray]:
        """Return the scores; nan where no pixel has confidence, or no probabilities are known."""
        found = _scores(counts)
        return {name: found[raw] for name, raw in self._raw_names.items()}


def _scores(counts: Counts) -> Mapping[str, NDArray[np.float64]]:
    """The scores of rows of pooled counts, by name."""
    counts = counts.astype(np.float64, copy=False)
    levels = 2 * len(POOLED_STARTS)
    sums, known = counts[..., levels:-1] * UNIT, counts[..., -1]
    pixels = counts[..., :levels]
    return {
        **scores_of_levels(pixels, sums[..., :BINS], _CENTRES, POOLED_BINS),
        "nll": mean(sums[..., BINS], known),
        "brier": mean(sums[..., BINS + 1], known),
    }


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

_EDGES = level_edges()
_CENTRES = 1 - (_EDGES[POOLED_STARTS] + _EDGES[np.append(POOLED_STARTS[1:], LEVELS)]) / 2


def _losses(confidence: Confidence) -> tuple[float, float]:
    return confidence.nll or 0.0, confidence.brier or 0.0


@lazily_compiled
def _count_levels(
    doubt: NDArray[np.float32], labels: NDArray[np.uint8], truth: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Right and wrong pixels of each level, int64 2xLEVELS, and the sum of p of each bin."""
    bits = doubt.view(np.int32)
    counts, masses = np.zeros((2, LEVELS), np.int64), np.zeros(BINS)
    for i in range(len(doubt)):
        if truth[i] != IGNORE:
            # (lo, hi] of p is [1 - hi, 1 - lo) of 1 - p: floor, and the exponent of a float, fit.
            level = max(EQUAL - 1 - int(np.float64(doubt[i]) * EQUAL), 0)
            masses[level // (EQUAL // BINS)] += 1.0 - np.float64(doubt[i])
            if level == EQUAL - 1:
                power = 126 - (bits[i] >> 23)
                level += min(max(power - _FIRST, 0), SPLIT - 1)
            counts[int(labels[i] != truth[i]), level] += 1
    return counts, masses


CONFIDENCE = ConfidenceMeasure("confidence", scaled=False)
SCALED_CONFIDENCE = ConfidenceMeasure("confidence_t", scaled=True)
