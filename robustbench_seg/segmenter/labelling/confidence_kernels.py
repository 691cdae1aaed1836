"""The loops over pixels of `confidence`, compiled by Numba at their first call.

The largest probability p of a softmax is 1 / (1 + r) with r the sum of exp(z - z_max) over the
other classes. So 1 - p = r / (1 + r) is computed without cancellation.
"""

import math

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.segmenter.labelling.interpolation import Taps
from robustbench_seg.segmenter.labelling.label_kernels import (
    Floats,
    Labels,
    add_row_between,
    contracted,
    find_largest,
    interpolate_row,
)

LOG2E = np.float32(math.log2(math.e))
LEAST = np.float32(-126)
"""Smaller exponents of 2 count as this one, 1e-38."""

HALF, ONE = np.float32(0.5), np.float32(1)
C1, C2, C3, C4, C5, C6 = (
    np.float32(math.log(2) ** power / math.factorial(power)) for power in range(1, 7)
)
"""Taylor coefficients of 2^f; for |f| <= 1/2 the error is 2e-7."""

PRODUCTS = 32
"""Number of factors 1 + r, each at most 255, that are multiplied before a logarithm is taken."""


@contracted
def sum_other_classes(
    total: Floats,
    best: Floats,
    which: NDArray[np.int32],
    scale: np.float32,
    rest: Floats,
    squares: Floats,
) -> None:
    """Sum exp((z - z_max) / T), and its square, over all classes but that of the largest logit.

    Args:
        total: float32 K x W, logits.
        best: float32 W, the largest logit of each pixel.
        which: int32 W, its class.
        scale: log2(e) / T.
        rest: float32 W, written.
        squares: float32 W, written.
    """
    width = len(best)
    bits, fractions = np.empty(width, np.int32), np.empty(width, np.float32)
    powers = bits.view(np.float32)
    rest[:], squares[:] = 0, 0
    for k in range(len(total)):
        row, label = total[k], np.int32(k)
        for x in range(width):
            exponent = max((row[x] - best[x]) * scale, LEAST)
            whole = np.int32(exponent - HALF)
            f = exponent - np.float32(whole)
            fractions[x] = ONE + f * (C1 + f * (C2 + f * (C3 + f * (C4 + f * (C5 + f * C6)))))
            bits[x] = (whole + np.int32(127)) << np.int32(23)
        for x in range(width):
            value = fractions[x] * powers[x] if which[x] != label else np.float32(0)
            rest[x] += value
            squares[x] += value * value


@contracted
def score_row(
    total: Floats,
    best: Floats,
    truth: Labels,
    sharpness: float,
    rest: Floats,
    squares: Floats,
    doubt: Floats,
    sums: NDArray[np.float64],
) -> None:
    """Write 1 - p of a row of pixels, and the sums of two losses over those that are scored.

    Args:
        total: float32 K x W, logits.
        best: float32 W, the largest logit of each pixel.
        truth: uint8 W, class indices; those from K on are not scored.
        sharpness: 1 / T.
        rest: float32 W, from `sum_other_classes`.
        squares: float32 W, from `sum_other_classes`.
        doubt: float32 W, written.
        sums: The negative log-likelihood and the Brier loss, written.
    """
    nll, brier, product, factors = 0.0, 0.0, 1.0, 0
    for x in range(len(doubt)):
        doubt[x] = rest[x] / (ONE + rest[x])
    for x in range(len(doubt)):
        if truth[x] < len(total):
            norm = 1.0 + rest[x]
            product *= norm
            factors += 1
            if factors == PRODUCTS:
                nll, product, factors = nll + math.log(product), 1.0, 0
            gap = sharpness * (np.float64(best[x]) - np.float64(total[truth[x], x]))
            chance = math.exp(-gap) / norm if gap > 0 else 1.0 / norm
            nll += gap
            brier += (1.0 + squares[x]) / (norm * norm) - 2.0 * chance + 1.0
    sums[0], sums[1] = nll + math.log(product), brier


@contracted
def confident_rows(
    logits: Floats,
    corners: NDArray[np.int64],
    rows: Taps,
    columns: Taps,
    temperatures: NDArray[np.float64],
    first: int,
    truth: Labels,
    out: Labels,
    doubt: Floats,
    sums: NDArray[np.float64],
) -> None:
    """Label some rows of an image, with confidence.

    Args:
        logits: float32 N x K x h x w, of N windows.
        corners: N x 2, top and left of each window in the image.
        rows: Taps of the rows of a window.
        columns: Taps of the columns of a window.
        temperatures: T divisors of the logits.
        first: The image row of the first row of `out`.
        truth: uint8 rows x W, class indices; those from K on are not scored.
        out: uint8 rows x W, written.
        doubt: float32 T x rows x W, 1 - p, written.
        sums: float64 T x rows x 2, the sums of the losses over each row, written.
    """
    (row_index, row_weights), (column_index, column_weights) = rows, columns
    classes, width, wide = logits.shape[1], out.shape[1], len(column_index)
    stretched = np.empty((len(logits), 2, classes, width), np.float32)
    total, count = np.empty((classes, width), np.float32), np.empty(width, np.float32)
    best, which = np.empty(width, np.float32), np.empty(width, np.int32)
    rest, squares = np.empty(width, np.float32), np.empty(width, np.float32)
    before = np.full(len(corners), -2)
    for y in range(len(out)):
        total[:], count[:] = 0, 0
        for i in range(len(corners)):
            down, left = first + y - corners[i, 0], corners[i, 1]
            if 0 <= down < len(row_index):
                above = int(np.int64(row_index[down]))
                below = min(above + 1, logits.shape[2] - 1)
                upper, lower = stretched[i, 0], stretched[i, 1]
                if above != before[i]:
                    if above == before[i] + 1:
                        for k in range(classes):
                            for x in range(left, left + wide):
                                upper[k, x] = lower[k, x]
                    else:
                        interpolate_row(logits[i], above, column_index, column_weights, upper, left)
                    interpolate_row(logits[i], below, column_index, column_weights, lower, left)
                    before[i] = above
                add_row_between(upper, lower, row_weights[down], left, left + wide, total)
                for x in range(left, left + wide):
                    count[x] += ONE
        find_largest(total, count, width, best, which)
        for x in range(width):
            out[y, x] = which[x]
        for t in range(len(temperatures)):
            sum_other_classes(
                total, best, which, np.float32(LOG2E / temperatures[t]), rest, squares
            )
            score_row(
                total,
                best,
                truth[y],
                1.0 / temperatures[t],
                rest,
                squares,
                doubt[t, y],
                sums[t, y],
            )
