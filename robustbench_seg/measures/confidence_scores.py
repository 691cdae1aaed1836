"""The scores of confidence, from how many right and wrong pixels have which confidence.

All are pure functions of counts, with any leading axes: conditions, or draws of a bootstrap. Levels
are ordered by confidence, the least first. Inside a level right and wrong pixels count as mixed
evenly, so a score depends on the order of levels alone; the exact score of the raw values differs
by what happens inside levels. Sources are named in docs/measures.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RISK, COVERAGE, RATE = 0.05, 0.8, 0.95
"""Of coverage_at_5_risk, risk_at_80_coverage and fpr95."""

POPULATIONS = 15
"""Bins of the adaptive ECE."""


@dataclass(frozen=True, eq=False)
class Levels:
    """Right and wrong pixels by confidence.

    Attributes:
        right: (..., L) right pixels of each level, the least confidence first.
        wrong: (..., L) wrong ones.
        mass: (..., L) sum of the confidence of each level's pixels.
        bins: For each level the number of its bin, from 0.
    """

    right: Array
    wrong: Array
    mass: Array
    bins: NDArray[np.intp]

    @property
    def pixels(self) -> Array:
        """All pixels of each level."""
        return self.right + self.wrong


def scores_of_levels(levels: Levels) -> dict[str, Array]:
    """Compute every score that follows from levels; nan without a pixel.

    Args:
        levels: The counts.

    Returns:
        For each name float64 (...), in percent.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _calibration(levels) | _detection(levels) | _selection(levels)
    return {name: np.asarray(100 * value) for name, value in found.items()}


def _calibration(levels: Levels) -> dict[str, Array]:
    """How far confidence is from accuracy."""
    starts = np.flatnonzero(np.diff(levels.bins, prepend=-1))
    pixels, gap = levels.pixels, levels.mass - levels.right
    count = np.add.reduceat(pixels, starts, axis=-1)
    gaps = np.abs(np.add.reduceat(gap, starts, axis=-1))
    total = count.sum(-1)
    upto = _from_zero(np.cumsum(pixels, -1))
    gap_upto = _from_zero(np.cumsum(gap, -1))
    shares = np.arange(1, POPULATIONS) / POPULATIONS * total[..., None]
    at = np.concatenate(
        [0 * total[..., None], _interpolated(shares, upto, gap_upto), gap_upto[..., -1:]], -1
    )
    return {
        "ece": gaps.sum(-1) / total,
        "mce": np.where(total > 0, np.nanmax(gaps / np.where(count > 0, count, 1), -1), np.nan),
        "adaptive_ece": np.abs(np.diff(at)).sum(-1) / total,
        "ks": np.abs(gap_upto).max(-1) / total,
    }


def _detection(levels: Levels) -> dict[str, Array]:
    """How well confidence tells right pixels from wrong ones; nan without one of each kind."""
    right, wrong = levels.right, levels.wrong
    rights, wrongs = right.sum(-1), wrong.sum(-1)
    below = np.cumsum(wrong, -1) - wrong / 2  # wrong pixels of less confidence, ties by half
    kept_right, kept_wrong = _descending(right), _descending(wrong)
    fpr = _interpolated(RATE * rights[..., None], kept_right, kept_wrong)[..., 0] / wrongs
    both = (rights > 0) & (wrongs > 0)
    found = {
        "auroc": (right * below).sum(-1) / (rights * wrongs),
        "aupr_success": _average_precision(right[..., ::-1], wrong[..., ::-1]),
        "aupr_error": _average_precision(wrong, right),
        "fpr95": fpr,
    }
    return {name: np.where(both, value, np.nan) for name, value in found.items()}


def _average_precision(hits: Array, others: Array) -> Array:
    """Mean of the precision over the steps of recall; levels in the order of the score."""
    cumulated = np.cumsum(hits, -1)
    chosen = cumulated + np.cumsum(others, -1)
    precision = cumulated / np.where(chosen > 0, chosen, 1)
    return np.asarray((hits * precision).sum(-1) / cumulated[..., -1])


def _selection(levels: Levels) -> dict[str, Array]:
    """What risk is left where the least confident pixels are given up."""
    pixels, wrong = levels.pixels[..., ::-1], levels.wrong[..., ::-1]
    kept, errors = _descending(levels.pixels), _descending(levels.wrong)
    total, error = kept[..., -1], errors[..., -1] / kept[..., -1]
    start, before = kept[..., :-1], errors[..., :-1]
    # The integral of (before + rate t) / (start + t) over a level in which errors are mixed evenly.
    rate = wrong / np.where(pixels > 0, pixels, 1)
    grown = np.where(start > 0, kept[..., 1:] / np.where(start > 0, start, 1), 1)
    area = wrong + (before - rate * start) * np.log(grown)
    general = ((before + wrong / 2) * pixels).sum(-1) / total**2
    best, chance = error**2 / 2, error / 2
    prr = np.where((error > 0) & (error < 1), (chance - general) / (chance - best), np.nan)
    risk = _interpolated(COVERAGE * total[..., None], kept, errors)[..., 0] / (COVERAGE * total)
    return {
        "aurc": area.sum(-1) / total,
        "augrc": general,
        "coverage_at_5_risk": _coverage(kept, errors, rate) / total,
        "risk_at_80_coverage": risk,
        "prr": prr,
    }


def _coverage(kept: Array, errors: Array, rate: Array) -> Array:
    """The most pixels that can be kept at an error rate of RISK."""
    fine = errors <= RISK * kept
    last = fine.shape[-1] - 1 - np.argmax(fine[..., ::-1], -1)[..., None]  # 0 kept is always fine
    at, room = np.take_along_axis(kept, last, -1), np.take_along_axis(errors, last, -1)
    room = RISK * at - room
    following = np.minimum(last, rate.shape[-1] - 1)
    excess = np.take_along_axis(rate, following, -1) - RISK
    more = np.where((last < rate.shape[-1]) & (excess > 0), room / excess, 0)
    return np.asarray((at + more)[..., 0])


def _descending(counts: Array) -> Array:
    """The pixels kept after each level, the most confident first: 0, ..., all."""
    return _from_zero(np.cumsum(counts[..., ::-1], -1))


def _from_zero(sums: Array) -> Array:
    return np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], -1)


def _interpolated(x: Array, along: Array, values: Array) -> Array:
    """Interpolate rows of values linearly, each along a row that does not fall.

    Args:
        x: (..., N) places.
        along: (..., M) where the values are.
        values: (..., M).

    Returns:
        (..., N).
    """
    found = np.empty(x.shape)
    for n in range(x.shape[-1]):
        here = x[..., n : n + 1]
        after = np.argmax(along >= here, -1)[..., None]
        before = np.maximum(after - 1, 0)
        low, high = np.take_along_axis(along, before, -1), np.take_along_axis(along, after, -1)
        near, far = np.take_along_axis(values, before, -1), np.take_along_axis(values, after, -1)
        share = np.where(high > low, (here - low) / np.where(high > low, high - low, 1), 0)
        found[..., n : n + 1] = near + share * (far - near)
    return found
