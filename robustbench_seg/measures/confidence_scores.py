"""The confidence scores, from the numbers of correct and wrong pixels at each level.

All are pure functions of counts, with any leading axes: conditions, or draws of a bootstrap. Levels
are sorted by ascending confidence. Within a level, correct and wrong pixels are treated as evenly
mixed, so a score depends only on the order of the levels. The exact score of the raw values differs
by the order inside the levels. Sources are named in docs/measures.md.

The loops below are compiled: a report scores 80,000 draws of each model.
"""

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import lazily_compiled
from robustbench_seg.measures.confidence_histogram import BINS

Array = NDArray[np.float64]

RISK, COVERAGE, RATE = 0.05, 0.8, 0.95
"""Thresholds of coverage_at_5_risk, risk_at_80_coverage and fpr95."""

POPULATIONS = BINS
"""Number of bins of the adaptive ECE."""

_CALIBRATION = ("ece", "mce", "adaptive_ece", "ks")
_DETECTION = ("auroc", "aupr_success", "aupr_error", "fpr95")
_SELECTION = ("aurc", "augrc", "coverage_at_5_risk", "risk_at_80_coverage", "prr")


def scores_of_levels(
    pixels: Array, sums: Array, centres: Array, bins: NDArray[np.intp]
) -> Mapping[str, Array]:
    """Compute every score of the levels; nan without a pixel.

    Args:
        pixels: (..., 2 L) correct pixels of each level, by ascending confidence, then wrong ones.
        sums: (..., B) sum of the confidence of each bin's pixels.
        centres: (L,) confidence in the middle of each level.
        bins: (L,) the bin of each level, from 0, ascending.

    Returns:
        For each name float64 (...), in percent.
    """
    # Reads rows of a wider array in place, because a copy would take as long as a score.
    rows = pixels.reshape(-1, pixels.shape[-1])
    right, wrong = rows[:, : len(bins)], rows[:, len(bins) :]
    levels = (right, wrong, right.sum(1), wrong.sum(1))
    starts = np.searchsorted(bins, np.arange(sums.shape[-1] + 1))
    names = (*_CALIBRATION, *_DETECTION, *_SELECTION)
    out = np.full((len(names), len(rows)), np.nan)
    calibration, detection, selection = np.split(
        out, [len(_CALIBRATION), len(_CALIBRATION) + len(_DETECTION)]
    )
    _calibration(*levels, sums.reshape(len(rows), -1), centres, starts, calibration)
    _detection(*levels, detection)
    _selection(*levels, selection)
    return {
        name: 100 * values.reshape(pixels.shape[:-1])
        for name, values in zip(names, out, strict=True)
    }


@lazily_compiled
def _calibration(
    right: Array,
    wrong: Array,
    rights: Array,
    wrongs: Array,
    sums: Array,
    centres: Array,
    starts: NDArray[np.intp],
    out: Array,
) -> None:
    """Compute _CALIBRATION of each row: the distance of confidence from accuracy.

    The pixels of a level have the confidence of its centre, moved so that each bin has its sum.
    """
    for row in range(len(right)):
        total = rights[row] + wrongs[row]
        if total == 0:
            continue
        ece, mce, ks, adaptive = 0.0, 0.0, 0.0, 0.0
        upto, gap_upto = 0.0, 0.0
        # The next edge of the adaptive bins, and the gap at the last edge.
        populations, last = 1, 0.0
        for place in range(len(starts) - 1):
            in_bin, of_centres, gap_of_bin = 0.0, 0.0, 0.0
            for level in range(starts[place], starts[place + 1]):
                pixels = right[row, level] + wrong[row, level]
                in_bin += pixels
                of_centres += pixels * centres[level]
            if in_bin == 0:
                continue
            shift = (sums[row, place] - of_centres) / in_bin
            for level in range(starts[place], starts[place + 1]):
                pixels = right[row, level] + wrong[row, level]
                gap = pixels * (centres[level] + shift) - right[row, level]
                edge = populations * total / POPULATIONS
                while populations < POPULATIONS and upto + pixels > edge:
                    at = gap_upto + gap * (edge - upto) / pixels
                    adaptive += abs(at - last)
                    last = at
                    populations += 1
                    edge = populations * total / POPULATIONS
                upto += pixels
                gap_upto += gap
                ks = max(ks, abs(gap_upto))
                gap_of_bin += gap
            ece += abs(gap_of_bin)
            mce = max(mce, abs(gap_of_bin) / in_bin)
        adaptive += abs(gap_upto - last)
        out[0, row] = ece / total
        out[1, row] = mce
        out[2, row] = adaptive / total
        out[3, row] = ks / total


@lazily_compiled
def _detection(right: Array, wrong: Array, rights: Array, wrongs: Array, out: Array) -> None:
    """Compute _DETECTION of each row: how well confidence separates correct from wrong pixels.

    The row stays nan unless it has pixels of both kinds.
    """
    for row in range(len(right)):
        if rights[row] == 0 or wrongs[row] == 0:
            continue
        area, error_precision = 0.0, 0.0
        right_upto, wrong_upto = 0.0, 0.0
        for level in range(right.shape[1]):  # low confidence detects wrong pixels
            more_right, more_wrong = right[row, level], wrong[row, level]
            area += more_right * (wrong_upto + more_wrong / 2)  # a tie counts half
            right_upto += more_right
            wrong_upto += more_wrong
            if more_wrong > 0:
                error_precision += more_wrong * wrong_upto / (right_upto + wrong_upto)
        success_precision, fpr = 0.0, -1.0
        right_upto, wrong_upto = 0.0, 0.0
        for level in range(right.shape[1] - 1, -1, -1):  # high confidence detects right pixels
            more_right, more_wrong = right[row, level], wrong[row, level]
            if fpr < 0 and right_upto + more_right >= RATE * rights[row]:
                fpr = wrong_upto + more_wrong * (RATE * rights[row] - right_upto) / more_right
            right_upto += more_right
            wrong_upto += more_wrong
            if more_right > 0:
                success_precision += more_right * right_upto / (right_upto + wrong_upto)
        out[0, row] = area / (rights[row] * wrongs[row])
        out[1, row] = success_precision / rights[row]
        out[2, row] = error_precision / wrongs[row]
        out[3, row] = fpr / wrongs[row]


@lazily_compiled
def _selection(right: Array, wrong: Array, rights: Array, wrongs: Array, out: Array) -> None:
    """Compute _SELECTION of each row: the risk after rejecting the least confident pixels."""
    for row in range(len(right)):
        total = rights[row] + wrongs[row]
        if total == 0:
            continue
        area, general = 0.0, 0.0
        kept, errors, risk = 0.0, 0.0, -1.0
        coverage, over = 0.0, False
        for level in range(right.shape[1] - 1, -1, -1):
            pixels, more = right[row, level] + wrong[row, level], wrong[row, level]
            if pixels == 0:
                continue
            rate = more / pixels
            # The integral of (errors + rate * t) / (kept + t) over the pixels of the level.
            area += more
            if kept > 0:
                area += (errors - rate * kept) * math.log((kept + pixels) / kept)
            general += (errors + more / 2) * pixels
            if risk < 0 and kept + pixels >= COVERAGE * total:
                risk = errors + rate * (COVERAGE * total - kept)
            if errors + more <= RISK * (kept + pixels):
                coverage, over = kept + pixels, False
            elif not over:  # part of the first level after an acceptable one is kept
                coverage, over = kept + (RISK * kept - errors) / (rate - RISK), True
            kept += pixels
            errors += more
        out[0, row] = area / total
        out[1, row] = general / total**2
        out[2, row] = coverage / total
        out[3, row] = risk / (COVERAGE * total)
        error = wrongs[row] / total
        if 0 < error < 1:
            out[4, row] = (error / 2 - out[1, row]) / (error / 2 - error**2 / 2)
