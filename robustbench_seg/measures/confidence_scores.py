"""The scores of confidence, from how many right and wrong pixels have which confidence.

All are pure functions of counts, with any leading axes: conditions, or draws of a bootstrap. Levels
are ordered by confidence, the least first. Inside a level right and wrong pixels count as mixed
evenly, so a score depends on the order of levels alone; the exact score of the raw values differs
by what happens inside levels. Sources are named in docs/measures.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def pixels(self) -> Array:
        """All pixels of each level."""
        return self.right + self.wrong

    @cached_property
    def right_upto(self) -> Array:
        """(..., 1 + L) right pixels of less confidence than each end of the levels."""
        return _from_zero(np.cumsum(self.right, -1))

    @cached_property
    def wrong_upto(self) -> Array:
        """(..., 1 + L) wrong ones."""
        return _from_zero(np.cumsum(self.wrong, -1))


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
    upto = levels.right_upto + levels.wrong_upto
    gap_upto = _from_zero(np.cumsum(gap, -1))
    at = _interpolated(np.linspace(0, 1, POPULATIONS + 1).tolist(), upto, gap_upto)
    return {
        "ece": gaps.sum(-1) / total,
        "mce": np.where(total > 0, np.nanmax(gaps / np.where(count > 0, count, 1), -1), np.nan),
        "adaptive_ece": np.abs(np.diff(at)).sum(-1) / total,
        "ks": np.abs(gap_upto).max(-1) / total,
    }


def _detection(levels: Levels) -> dict[str, Array]:
    """How well confidence tells right pixels from wrong ones; nan without one of each kind."""
    right, wrong = levels.right, levels.wrong
    rights, wrongs = levels.right_upto[..., -1], levels.wrong_upto[..., -1]
    below = levels.wrong_upto[..., :-1] + wrong / 2  # wrong pixels of less confidence, ties by half
    kept_right, kept_wrong = _descending(levels.right_upto), _descending(levels.wrong_upto)
    fpr = _interpolated([RATE], kept_right, kept_wrong)[..., 0] / wrongs
    both = (rights > 0) & (wrongs > 0)
    found = {
        "auroc": (right * below).sum(-1) / (rights * wrongs),
        "aupr_success": _average_precision(right[..., ::-1], kept_right, kept_wrong),
        "aupr_error": _average_precision(wrong, levels.wrong_upto, levels.right_upto),
        "fpr95": fpr,
    }
    return {name: np.where(both, value, np.nan) for name, value in found.items()}


def _average_precision(hits: Array, hits_upto: Array, others_upto: Array) -> Array:
    """Mean of the precision over the steps of recall; levels in the order of the score."""
    cumulated = hits_upto[..., 1:]
    precision = cumulated / np.maximum(cumulated + others_upto[..., 1:], 1)
    return np.asarray(np.einsum("...i,...i", hits, precision) / cumulated[..., -1])


def _selection(levels: Levels) -> dict[str, Array]:
    """What risk is left where the least confident pixels are given up."""
    pixels, wrong = levels.pixels[..., ::-1], levels.wrong[..., ::-1]
    errors = _descending(levels.wrong_upto)
    kept = errors + _descending(levels.right_upto)
    total, error = kept[..., -1], errors[..., -1] / kept[..., -1]
    start, before = kept[..., :-1], errors[..., :-1]
    # The integral of (before + rate t) / (start + t) over a level in which errors are mixed evenly.
    rate = wrong / np.maximum(pixels, 1)
    grown = np.where(start > 0, kept[..., 1:] / np.maximum(start, 1), 1)
    area = wrong + (before - rate * start) * np.log(grown)
    general = ((before + wrong / 2) * pixels).sum(-1) / total**2
    best, chance = error**2 / 2, error / 2
    prr = np.where((error > 0) & (error < 1), (chance - general) / (chance - best), np.nan)
    risk = _interpolated([COVERAGE], kept, errors)[..., 0] / (COVERAGE * total)
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


def _descending(upto: Array) -> Array:
    """The pixels kept after each level, the most confident first: 0, ..., all."""
    return np.asarray(upto[..., -1:] - upto[..., ::-1])


def _from_zero(sums: Array) -> Array:
    return np.concatenate([np.zeros((*sums.shape[:-1], 1)), sums], -1)


def _interpolated(shares: Sequence[float], along: Array, values: Array) -> Array:
    """Interpolate rows of values linearly, each at shares of what its row of `along` grows to.

    Args:
        shares: N shares, 0..1.
        along: (..., M) rows that do not fall, from 0 on.
        values: (..., M).

    Returns:
        (..., N).
    """
    grown = along.reshape(-1, along.shape[-1])
    apart = 2.0 * np.arange(len(grown))[:, None]  # all rows, one behind the other
    places = apart + grown / np.where(grown[:, -1:] > 0, grown[:, -1:], 1)
    found = np.interp((apart + np.array(shares)).ravel(), places.ravel(), values.ravel())
    return np.asarray(found.reshape(*along.shape[:-1], len(shares)))
