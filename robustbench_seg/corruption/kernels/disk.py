"""Defocus blur: filters with a kernel whose rows rise to their middle, by prefix sums."""

import numpy as np
from numpy.typing import NDArray

from robustbench_seg.corruption.kernels.arrays import ZERO, AnyFloats, Floats, Image, Singles
from robustbench_seg.corruption.kernels.spans import BLOCK, next_span, settle
from robustbench_seg.machine.compiled import compiled

_TIE = 1e-9


@compiled
def disk_levels(
    image: Image,
    runs: NDArray[np.int64],
    steps: Floats,
    steps32: Singles,
    even: bool,
    radius: int,
    margin: float,
    first: int,
    last: int,
    out: Image,
) -> bool:
    """Filter H x W x C `image` with a kernel and truncate to whole levels; edges are mirrored.

    Only rows `first` to `last` of `out` are written.

    The kernel is a sum of runs, each for two rows at once: `steps[i]` on the pixels -`runs[i, 1]`
    to `runs[i, 1]` of the rows -`runs[i, 0]` and `runs[i, 0]` (once for row 0), never beyond
    `radius`. `steps32` are the steps in single precision. With `even`, all steps are equal, so that
    sums before weighting are exact in single precision. `margin` bounds the error of single
    precision, in levels.

    Returns whether all samples are decided: False if one is so close to a whole level that even
    double precision cannot decide on which side it is.
    """
    height, width, channels = image.shape
    size = width * channels
    rows = 2 * radius + 1
    long = (width + 2 * radius + 1) * channels
    # Slot y % rows contains row y of the image, as cumulative sums of its samples.
    prefix = np.empty((rows, long), np.int32)
    pairs = np.empty((radius + 1, long), np.float32)
    approximate = np.empty(size, np.float32)
    exact = np.empty(size, np.float64)
    loaded = max(first - radius, 0)
    decided = True
    for y in range(first, last):
        while loaded <= min(y + radius, height - 1):
            _load(image[loaded], prefix[loaded % rows], radius)
            loaded += 1
        for k in range(radius + 1):
            above = prefix[abs(y - k) % rows]
            below = prefix[(height - 1 - abs(height - 1 - y - k)) % rows]
            both = pairs[k]
            once = np.int32(0) if k == 0 else np.int32(-1)
            for i in range(long):
                both[i] = np.float32(np.int32(above[i] + (below[i] & once)))
        _sum(pairs, runs, steps32, radius, channels, ZERO, size, approximate)
        row = out[y].reshape(size)
        if even:
            for i in range(size):
                exact[i] = approximate[i] * steps[0]
            decided &= _truncate(exact, row)
            continue
        for start in range(0, width, BLOCK):
            end = min(start + BLOCK, width)
            a, b = start * channels, end * channels
            if settle(approximate[a:b], margin, row[a:b]) == 0:
                continue
            begin, stop = next_span(approximate, margin, start, end, channels)
            while begin < stop:
                a, b = begin * channels, stop * channels
                _sum(pairs, runs, steps, radius, channels, a, b, exact)
                decided &= _truncate(exact[a:b], row[a:b])
                begin, stop = next_span(approximate, margin, stop, end, channels)
    return decided


@compiled
def _load(levels: Image, sums: NDArray[np.int32], radius: int) -> None:
    """Prefix sums of a row W x C that is mirrored over `radius` pixels at both ends."""
    width, channels = levels.shape
    sums[:channels] = 0
    at = channels
    for x in range(radius, 0, -1):
        for c in range(channels):
            sums[at] = sums[at - channels] + levels[x, c]
            at += 1
    row = levels.reshape(width * channels)
    for i in range(len(row)):
        sums[at + i] = sums[at + i - channels] + row[i]
    at += len(row)
    for x in range(width - 2, width - 2 - radius, -1):
        for c in range(channels):
            sums[at] = sums[at - channels] + levels[x, c]
            at += 1


@compiled
def _sum(
    pairs: Singles,
    runs: NDArray[np.int64],
    steps: AnyFloats,
    radius: int,
    channels: int,
    first: int,
    last: int,
    out: AnyFloats,
) -> None:
    """Compute samples `first` to `last` of one row."""
    row = out[first:last]
    n = last - first
    row[:] = 0
    # Four runs at once need a quarter of the loads and stores of `row`.
    k = 0
    while k + 4 <= len(steps):
        a, b = _ends(pairs, runs[k], radius, channels, first, n)
        c, d = _ends(pairs, runs[k + 1], radius, channels, first, n)
        e, f = _ends(pairs, runs[k + 2], radius, channels, first, n)
        g, h = _ends(pairs, runs[k + 3], radius, channels, first, n)
        p, q, r, s = steps[k], steps[k + 1], steps[k + 2], steps[k + 3]
        for i in range(n):
            row[i] += p * (b[i] - a[i]) + q * (d[i] - c[i]) + r * (f[i] - e[i]) + s * (h[i] - g[i])
        k += 4
    while k < len(steps):
        a, b = _ends(pairs, runs[k], radius, channels, first, n)
        p = steps[k]
        for i in range(n):
            row[i] += p * (b[i] - a[i])
        k += 1


@compiled
def _ends(
    pairs: Singles, run: NDArray[np.int64], radius: int, channels: int, first: int, n: int
) -> tuple[Singles, Singles]:
    """The prefix sums before and after a run, for `n` samples of a row from `first`."""
    left = (radius - run[1]) * channels + first
    right = (radius + run[1] + 1) * channels + first
    return pairs[run[0], left : left + n], pairs[run[0], right : right + n]


@compiled
def _truncate(exact: Floats, row: Image) -> bool:
    """Truncate sums in double precision to levels; return whether all are decided."""
    decided = True
    for i in range(len(exact)):
        value = min(exact[i], 255.0)
        row[i] = np.uint8(np.int32(value))
        near = abs(value - np.rint(value)) <= _TIE
        decided &= not (near and 0 < value < 255)
    return decided
