"""Motion blur: the weighted sum of an image moved along a line."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import ONE, ZERO, AnyFloats, Floats, Image, Singles
from robustbench_seg.corruption.kernels.spans import BLOCK, next_span, settle
from robustbench_seg.machine.compiled import compiled

Shifts = NDArray[np.int64]


@compiled
def shifted_levels(
    image: Image,
    weights: Floats,
    down: Shifts,
    right: Shifts,
    reach: tuple[int, int, int],
    weights32: Singles,
    margin: float,
    first: int,
    last: int,
    out: Image,
) -> None:
    """Sum `weights[i]` x (H x W x C `image` moved by `down[i]`, `right[i]` pixels), truncated.

    `reach` is how far the shifts reach: up, down, to either side. Edges are repeated. The weights
    are not negative and their sum is at most 1; `weights32` are the same in single precision, and
    `margin` bounds its error, in levels. Rows `first` to `last` of `out` are written.
    """
    height, width, channels = image.shape
    size = width * channels
    ahead, behind, aside = reach
    pad = aside * channels
    rows = ahead + behind + 1
    # Slot y % rows contains row y of the image, with its edges repeated over `pad` samples.
    singles = np.empty((rows, size + 2 * pad), np.float32)
    doubles = np.empty((rows, size + 2 * pad), np.float64)
    held = np.full(rows, -1)
    approximate = np.empty(size, np.float32)
    exact = np.empty(size, np.float64)
    offsets = pad - right * channels
    slots = np.empty(len(weights), np.int64)
    loaded = max(first - behind, 0)
    for y in range(first, last):
        while loaded <= min(y + ahead, height - 1):
            _load(image[loaded].reshape(size), singles[loaded % rows], pad, channels)
            loaded += 1
        for i in range(len(weights)):
            slots[i] = min(max(y - down[i], 0), height - 1) % rows
        _sum(singles, weights32, slots, offsets, ZERO, size, approximate)
        row = out[y].reshape(size)
        for start in range(0, width, BLOCK):
            end = min(start + BLOCK, width)
            a, b = start * channels, end * channels
            if settle(approximate[a:b], margin, row[a:b]) == 0:
                continue
            for other in range(max(y - behind, 0), min(y + ahead, height - 1) + 1):
                if held[other % rows] != other:
                    held[other % rows] = other
                    _load(image[other].reshape(size), doubles[other % rows], pad, channels)
            begin, stop = next_span(approximate, margin, start, end, channels)
            while begin < stop:
                a, b = begin * channels, stop * channels
                _sum(doubles, weights, slots, offsets, a, b, exact)
                for i in range(a, b):
                    row[i] = np.uint8(min(exact[i], 255.0))
                begin, stop = next_span(approximate, margin, stop, end, channels)


@compiled
def shifted_plane(
    plane: Floats,
    weights: Floats,
    down: Shifts,
    right: Shifts,
    reach: tuple[int, int, int],
    first: int,
    last: int,
    out: Image,
) -> None:
    """The same sum for an H x W plane of intensities (0..1), rounded to levels."""
    height, width = plane.shape
    ahead, behind, pad = reach
    rows = ahead + behind + 1
    ring = np.empty((rows, width + 2 * pad), np.float64)
    sums = np.empty(width, np.float64)
    slots = np.empty(len(weights), np.int64)
    loaded = max(first - behind, 0)
    for y in range(first, last):
        while loaded <= min(y + ahead, height - 1):
            _load(plane[loaded], ring[loaded % rows], pad, ONE)
            loaded += 1
        for i in range(len(weights)):
            slots[i] = min(max(y - down[i], 0), height - 1) % rows
        _sum(ring, weights, slots, pad - right, ZERO, width, sums)
        for x in range(width):
            out[y, x] = np.uint8(np.rint(sums[x] * 255))


@compiled
def _load(levels: NDArray[Any], row: AnyFloats, pad: int, channels: int) -> None:
    """Copy a row, its edges repeated over `pad` samples."""
    size = len(levels)
    middle = row[pad : pad + size]
    for i in range(size):
        middle[i] = levels[i]
    for i in range(pad):
        row[i] = levels[i % channels]
        row[pad + size + i] = levels[size - channels + i % channels]


@compiled
def _sum(
    ring: AnyFloats,
    weights: AnyFloats,
    slots: Shifts,
    offsets: Shifts,
    first: int,
    last: int,
    out: AnyFloats,
) -> None:
    """Samples `first` to `last` of one row, in the order of the weights."""
    row = out[first:last]
    n = last - first
    row[:] = 0
    # Four taps at once need a quarter of the loads and stores of `row` and keep the order of sums.
    k = 0
    while k + 4 <= len(weights):
        a = ring[slots[k], first + offsets[k] : first + offsets[k] + n]
        b = ring[slots[k + 1], first + offsets[k + 1] : first + offsets[k + 1] + n]
        c = ring[slots[k + 2], first + offsets[k + 2] : first + offsets[k + 2] + n]
        d = ring[slots[k + 3], first + offsets[k + 3] : first + offsets[k + 3] + n]
        p, q, r, s = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for i in range(n):
            row[i] = row[i] + p * a[i] + q * b[i] + r * c[i] + s * d[i]
        k += 4
    while k < len(weights):
        a = ring[slots[k], first + offsets[k] : first + offsets[k] + n]
        p = weights[k]
        for i in range(n):
            row[i] += p * a[i]
        k += 1
