"""The confidence scores, from the numbers of right and wrong pixels at each confidence.

All are pure functions of counts, with any leading axes: conditions, or draws of a bootstrap. Levels
are sorted by ascending confidence. Right and wrong pixels count as evenly mixed within a level, so
a score depends only on the order of the levels. The exact score of the raw values differs by what
happens inside the levels. Sources are named in docs/measures.md.

The loops below are compiled: a report scores 80,000 draws of each model.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RISK, COVERAGE, RATE = 0.05, 0.8, 0.95
"""Of coverage_at_5_risk, risk_at_80_coverage and fpr95."""

POPULATIONS = 15
"""Bins of the adaptive ECE."""

_CALIBRATION = ("ece", "mce", "adaptive_ece", "ks")
_DETECTION = ("auroc", "aupr_success", "aupr_error", "fpr95")
_SELECTION = ("aurc", "augrc", "coverage_at_5_risk", "risk_at_80_coverage", "prr")


def scores_of_levels(
    right: Array, wrong: Array, mass: Array, bins: NDArray[np.intp]
) -> dict[str, Array]:
    """Compute every score of the levels; nan without a pixel.

    Args:
        right: (..., L) right pixels of each level, by ascending confidence.
        wrong: (..., L) wrong ones.
        mass: (..., L) sum of the confidence of each level's pixels.
        bins: The bin of each level, from 0, ascending.

    Returns:
        For each name float64 (...), in percent.
    """
    rows = [np.ascontiguousarray(each.reshape(-1, each.shape[-1])) for each in (right, wrong, mass)]
    found = dict[str, Array]()
    for names, loop, arrays in (
        (_CALIBRATION, _calibration, (*rows, bins)),
        (_DETECTION, _detection, (*rows[:2],)),
        (_SELECTION, _selection, (*rows[:2],)),
    ):
        out = np.full((len(names), len(rows[0])), np.nan)
        _compiled(loop)(*arrays, out)
        found |= {
            name: 100 * values.reshape(right.shape[:-1])
            for name, values in zip(names, out, strict=True)
        }
    return found


@cache
def _compiled(loop: Callable[..., None]) -> Callable[..., None]:
    """Numba is imported here: importing the package stays fast."""
    from robustbench_seg.machine.compiled import compiled

    return compiled(loop)


def _calibration(
    right: Array, wrong: Array, mass: Array, bins: NDArray[np.intp], out: Array
) -> None:
    """Compute _CALIBRATION of each row: how far confidence is from accuracy."""
    for row in range(len(right)):
        total = right[row].sum() + wrong[row].sum()
        if total == 0:
            continue
        ece, mce, ks, adaptive = 0.0, 0.0, 0.0, 0.0
        in_bin, gap_of_bin = 0.0, 0.0
        upto, gap_upto = 0.0, 0.0
        populations, last = 1, 0.0  # the next edge of the adaptive bins, and the gap at the last
        for level in range(len(bins)):
            pixels = right[row, level] + wrong[row, level]
            gap = mass[row, level] - right[row, level]
            while populations < POPULATIONS and upto + pixels > populations * total / POPULATIONS:
                at = gap_upto + gap * (populations * total / POPULATIONS - upto) / pixels
                adaptive += abs(at - last)
                last = at
                populations += 1
            upto += pixels
            gap_upto += gap
            ks = max(ks, abs(gap_upto))
            in_bin += pixels
            gap_of_bin += gap
            if level == len(bins) - 1 or bins[level + 1] != bins[level]:
                ece += abs(gap_of_bin)
                if in_bin > 0:
                    mce = max(mce, abs(gap_of_bin) / in_bin)
                in_bin, gap_of_bin = 0.0, 0.0
        adaptive += abs(gap_upto - last)
        out[0, row] = ece / total
        out[1, row] = mce
        out[2, row] = adaptive / total
        out[3, row] = ks / total


def _detection(right: Array, wrong: Array, out: Array) -> None:
    """Compute _DETECTION of each row: how well confidence tells right from wrong pixels.

    The row stays nan unless it has pixels of both kinds.
    """
    for row in range(len(right)):
        rights, wrongs = right[row].sum(), wrong[row].sum()
        if rights == 0 or wrongs == 0:
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
            if fpr < 0 and right_upto + more_right >= RATE * rights:
                fpr = wrong_upto + more_wrong * (RATE * rights - right_upto) / more_right
            right_upto += more_right
            wrong_upto += more_wrong
            if more_right > 0:
                success_precision += more_right * right_upto / (right_upto + wrong_upto)
        out[0, row] = area / (rights * wrongs)
        out[1, row] = success_precision / rights
        out[2, row] = error_precision / wrongs
        out[3, row] = fpr / wrongs


def _selection(right: Array, wrong: Array, out: Array) -> None:
    """Compute _SELECTION of each row: the risk after rejecting the least confident pixels."""
    for row in range(len(right)):
        wrongs = wrong[row].sum()
        total = right[row].sum() + wrongs
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
            # The integral of (errors + rate t) / (kept + t) over the pixels of the level.
            area += more
            if kept > 0:
                area += (errors - rate * kept) * math.log((kept + pixels) / kept)
            general += (errors + more / 2) * pixels
            if risk < 0 and kept + pixels >= COVERAGE * total:
                risk = errors + rate * (COVERAGE * total - kept)
            if errors + more <= RISK * (kept + pixels):
                coverage, over = kept + pixels, False
            elif not over:  # the first level after an acceptable one is kept in part
                coverage, over = kept + (RISK * kept - errors) / (rate - RISK), True
            kept += pixels
            errors += more
        out[0, row] = area / total
        out[1, row] = general / total**2
        out[2, row] = coverage / total
        out[3, row] = risk / (COVERAGE * total)
        error = wrongs / total
        if 0 < error < 1:
            out[4, row] = (error / 2 - out[1, row]) / (error / 2 - error**2 / 2)
