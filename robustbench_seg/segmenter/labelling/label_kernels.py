"""The loops over pixels of `labels`, compiled by Numba at their first call.

A product and the following sum may be rounded together once, as in torch's upsampling, whose
results these loops reproduce bit for bit; operations are not reordered.

Arrays are copied in loops: an assignment to a slice checks shapes, and the text of its error
message takes a second to compile.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.machine.compiled import compiled
from robustbench_seg.segmenter.labelling.interpolation import Taps

Floats = NDArray[np.float32]
Indices = NDArray[np.uint32]
Labels = NDArray[np.uint8]

UNSURE = 255
"""Stands in place of a label: the logits between these pixels must be computed."""

CLEAR = np.float32(1e-5)
"""Minimum lead of the winning class, relative to the largest logit, so that rounding cannot change
the label: about a hundred times the error of float32.
"""

contracted = partial(compiled, contract=True)


@contracted
def clear_winners(logits: Floats, out: Labels) -> None:
    """Write the class of the largest logit if its lead is clear, else UNSURE.

    Args:
        logits: float32 K x h x w.
        out: uint8 h x w, written.
    """
    classes, height, width = logits.shape
    first, second = np.empty(width, np.float32), np.empty(width, np.float32)
    least, finite = np.empty(width, np.float32), np.empty(width, np.float32)
    which = np.empty(width, np.int32)
    for y in range(height):
        which[:], second[:] = 0, -np.inf
        for x in range(width):
            value = logits[0, y, x]
            first[x], least[x], finite[x] = value, value, value - value
        for k in range(1, classes):
            row, label = logits[k, y], np.int32(k)
            for x in range(width):
                value = row[x]
                second[x] = max(second[x], min(first[x], value))
                which[x] = label if value > first[x] else which[x]
                first[x] = max(first[x], value)
                least[x] = min(least[x], value)
                finite[x] += value - value  # 0, otherwise nan would never disappear
        for x in range(width):
            scale = max(abs(first[x]), abs(least[x]))
            clear = first[x] - second[x] > CLEAR * scale
            out[y, x] = which[x] if clear and finite[x] == 0 else UNSURE


@contracted
def mark_borders(labels: Labels) -> None:
    """Set labels to UNSURE, except where the right, lower and lower right neighbours are equal.

    Args:
        labels: uint8 h x w, changed in place.
    """
    height, width = labels.shape
    for y in range(height):
        below = min(y + 1, height - 1)
        for x in range(width):
            right, label = min(x + 1, width - 1), labels[y, x]
            one = labels[y, right] == label and labels[below, x] == label
            if not (one and labels[below, right] == label):
                labels[y, x] = UNSURE


@contracted
def interpolate_row(
    logits: Floats, row: int, columns: Indices, weights: Floats, out: Floats, begin: int
) -> None:
    """Interpolate along one row of logits.

    Args:
        logits: float32 K x h x w.
        row: The row of the logits.
        columns: For each pixel, the column of logits before it.
        weights: For each pixel, the weight of the next column, in 0..1.
        out: float32 K x W, written from `begin` on.
        begin: The first column of `out` to write.
    """
    one, last = np.float32(1), np.uint32(logits.shape[2] - 1)
    for k in range(len(logits)):
        values, stretched = logits[k, row], out[k, begin:]
        for x in range(len(columns)):
            left = columns[x]
            right = min(np.uint32(left + np.uint32(1)), last)
            stretched[x] = values[left] * (one - weights[x]) + values[right] * weights[x]


@contracted
def add_row_between(
    upper: Floats, lower: Floats, weight: np.float32, begin: int, end: int, total: Floats
) -> None:
    """Add the row interpolated between two stretched rows to a total.

    Args:
        upper: float32 K x W, the row above.
        lower: float32 K x W, the row below.
        weight: Weight of the lower row, in 0..1.
        begin: The first column.
        end: The column after the last one.
        total: float32 K x W, changed in place.
    """
    rest = np.float32(1) - weight
    for k in range(len(total)):
        over, under, sums = upper[k, begin:end], lower[k, begin:end], total[k, begin:end]
        for x in range(end - begin):
            sums[x] += over[x] * rest + under[x] * weight


@contracted
def find_largest(
    total: Floats, count: Floats, length: int, best: Floats, which: NDArray[np.int32]
) -> None:
    """Find the largest mean: the first one, or the first nan, as torch's argmax.

    Args:
        total: float32 K x W, the sums; divided in place.
        count: float32 W, the number of summands.
        length: Number of columns to process, from the first one on.
        best: float32 W, the largest means, written.
        which: int32 W, their classes, written.
    """
    single = True
    for x in range(length):
        single &= count[x] == 1
    if not single:  # a division takes as long as everything else
        for k in range(len(total)):
            row = total[k]
            for x in range(length):
                row[x] /= count[x]
    for x in range(length):
        best[x], which[x] = total[0, x], 0
    for k in range(1, len(total)):
        row, label = total[k], np.int32(k)
        for x in range(length):
            value = row[x]
            better = (value > best[x]) | ((value != value) & (best[x] == best[x]))
            best[x] = value if better else best[x]
            which[x] = label if better else which[x]


@contracted
def write_known_labels(
    sure: Labels,
    corners: NDArray[np.int64],
    above: NDArray[np.int64],
    columns: Indices,
    line: Labels,
) -> None:
    """Write the labels of an image row on which all its windows agree, else UNSURE.

    Args:
        sure: uint8 N x h x w, the labels of N windows, or UNSURE.
        corners: N x 2, top and left of each window in the image.
        above: For each window, the row of logits above this row. -1: the row is outside the window.
        columns: For each column of a window, the column of logits before it.
        line: uint8 W, written.
    """
    line[:] = UNSURE
    covered = np.zeros(len(line), np.bool_)
    for i in range(len(corners)):
        if above[i] >= 0:
            left, window_labels = corners[i, 1], sure[i, above[i]]
            for x in range(len(columns)):
                label = window_labels[columns[x]]
                differs = covered[left + x] and line[left + x] != label
                line[left + x] = UNSURE if differs else label
                covered[left + x] = True


@contracted
def find_unsure(line: Labels, places: NDArray[np.int64]) -> int:
    """Find where a line is UNSURE, from left to right.

    Args:
        line: uint8 W.
        places: W columns; the first ones are written.

    Returns:
        Number of places.
    """
    count = 0
    for x in range(len(line)):
        places[count] = x
        count += line[x] == UNSURE
    return count


@contracted
def label_rows(
    logits: Floats,
    sure: Labels,
    corners: NDArray[np.int64],
    rows: Taps,
    columns: Taps,
    first: int,
    out: Labels,
) -> None:
    """Label some rows of an image.

    Args:
        logits: float32 N x K x h x w, of N windows.
        sure: uint8 N x h x w, the result of `clear_winners` and `mark_borders`.
        corners: N x 2, top and left of each window in the image.
        rows: Taps of the rows of a window.
        columns: Taps of the columns of a window.
        first: The image row of the first row of `out`.
        out: uint8 rows x W, written.
    """
    (row_index, row_weights), (column_index, column_weights) = rows, columns
    classes, width, wide = logits.shape[1], out.shape[1], len(column_index)
    # Gather the uncertain pixels of a row, so that loops over them are long.
    stretched = np.empty((len(logits), 2, classes, width), np.float32)
    total, count = np.empty((classes, width), np.float32), np.empty(width, np.float32)
    above = np.full(len(corners), -2)
    line = np.empty(width, np.uint8)
    best, which = np.empty(width, np.float32), np.empty(width, np.int32)
    places, unsure = np.empty(width, np.int64), 0
    ranges = np.zeros((len(corners), 2), np.int64)
    for y in range(len(out)):
        changed = False
        for i in range(len(corners)):
            down = first + y - corners[i, 0]
            here = np.int64(row_index[down]) if 0 <= down < len(row_index) else -1
            changed |= here != above[i]
            above[i] = here
        if changed:
            write_known_labels(sure, corners, above, column_index, line)
            unsure = find_unsure(line, places)
            for i in range(len(corners)):
                left = corners[i, 1]
                begin = np.searchsorted(places[:unsure], left)
                end = np.searchsorted(places[:unsure], left + wide) if above[i] >= 0 else begin
                ranges[i, 0], ranges[i, 1] = begin, end
                if begin < end:
                    inside = places[begin:end] - left
                    near, weights = column_index[inside], column_weights[inside]
                    below = min(above[i] + 1, logits.shape[2] - 1)
                    interpolate_row(logits[i], above[i], near, weights, stretched[i, 0], begin)
                    interpolate_row(logits[i], below, near, weights, stretched[i, 1], begin)
        for x in range(width):
            out[y, x] = line[x]
        if unsure == 0:
            continue
        total[:, :unsure], count[:unsure] = 0, 0
        for i in range(len(corners)):
            begin, end = ranges[i]
            if begin < end:
                weight = row_weights[first + y - corners[i, 0]]
                add_row_between(stretched[i, 0], stretched[i, 1], weight, begin, end, total)
                for x in range(begin, end):
                    count[x] += np.float32(1)
        find_largest(total, count, unsure, best, which)
        for place in range(unsure):
            out[y, places[place]] = which[place]
